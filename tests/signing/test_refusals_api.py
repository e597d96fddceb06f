"""What the server refuses in the ceremony, and that nothing changes when it does."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.device.authenticator import SoftAuthenticator, b64
from app.pki.ecdsa import ORDER
from app.signing.act import unb64
from tests.service import ORIGIN
from tests.signing.acts import (
    BOTH_ONCE,
    NOTHING,
    OPEN,
    certified,
    certify,
    hand_in,
    kept,
    make_act,
    new_key,
    refusal,
    restart,
    signatures,
    spki_of,
)
from tests.signing.opened_round import OpenedRound, nip_of


async def test_the_same_certificate_body_again_gets_the_same_certificate(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    made = make_act(device, prepared)
    assert await certify(device, prepared, made.request) == await certify(device, prepared, made.request)


async def test_another_certificate_body_is_refused_and_the_first_key_can_still_sign(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    body = await certified(device, prepared)
    other = make_act(device, prepared)
    assert await refusal(certify(device, prepared, other.request)) == (409, "session.state")
    assert len(await hand_in(device, prepared, body)) == 2


async def test_signatures_sent_twice_give_the_same_receipts_and_count_once(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    body = await certified(device, prepared)
    first = await hand_in(device, prepared, body)
    assert await hand_in(device, prepared, body) == first
    await a_round.service.run_jobs()
    assert await hand_in(device, prepared, body) == first
    assert await kept(a_round.service, prepared) == BOTH_ONCE


async def test_other_signatures_afterwards_are_refused(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    made = make_act(device, prepared)
    answer = await certify(device, prepared, made.request)
    receipts = await hand_in(device, prepared, signatures(made, prepared, answer))
    other = signatures(made, prepared, answer)
    assert await refusal(hand_in(device, prepared, other)) == (409, "session.state")
    assert await refusal(certify(device, prepared, made.request)) == (409, "session.state")
    read = await device._call("GET", f"{OPEN}/{prepared.session['id']}")
    assert (read["state"], read["receipts"]) == ("signed", receipts)


async def test_signatures_before_a_certificate_are_refused(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    rows = [{"id": d["id"], "signature": b64(bytes(64))} for d in prepared.session["documents"]]
    assert await refusal(hand_in(device, prepared, {"signatures": rows})) == (409, "session.state")


async def test_an_act_of_another_session_is_refused(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    _, others = await a_round.prepared()
    made = make_act(device, prepared, over=others)
    assert await refusal(certify(device, prepared, made.request)) == (403, "key.no_proof")


async def test_an_assertion_over_another_act_is_refused(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    older = make_act(device, prepared)
    made = make_act(device, prepared, authentication=older.request["authentication"])
    assert await refusal(certify(device, prepared, made.request)) == (403, "passkey.refused")


async def test_an_act_over_a_burnt_nonce_is_refused(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    await certified(device, prepared)
    again = await restart(device, prepared)
    made = make_act(device, again, over=prepared)
    assert await refusal(certify(device, again, made.request)) == (403, "key.no_proof")


@pytest.mark.parametrize("proof", [b"", bytes(64), b"\xff" * 64, bytes(63), bytes(65)])
async def test_a_key_without_proof_is_refused(a_round: OpenedRound, proof: bytes) -> None:
    device, prepared = await a_round.prepared()
    made = make_act(device, prepared)
    request = made.request | {"proof_of_possession": b64(proof)}
    assert await refusal(certify(device, prepared, request)) == (403, "key.no_proof")
    await certify(device, prepared, made.request)


async def test_the_proof_of_another_key_is_refused(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    request = make_act(device, prepared).request | {"public_key": b64(spki_of(new_key()))}
    assert await refusal(certify(device, prepared, request)) == (403, "key.no_proof")


async def test_a_key_is_certified_once_in_its_life(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    key = new_key()
    await certify(device, prepared, make_act(device, prepared, key=key).request)
    again = await restart(device, prepared)
    assert await refusal(certify(device, again, make_act(device, again, key=key).request)) == (409, "key.reused")
    other, others = await a_round.prepared()
    assert await refusal(certify(other, others, make_act(other, others, key=key).request)) == (409, "key.reused")


async def test_only_points_of_p256_are_keys(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    made = make_act(device, prepared)
    own = spki_of(made.key)
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key()
    for spki in (b"", own[:-1], own + b"\0", own[:-1] + bytes([own[-1] ^ 1]), _der(p384)):
        request = made.request | {"public_key": b64(spki)}
        assert await refusal(certify(device, prepared, request)) == (422, "key.not_p256"), spki.hex()
    for malformed in ("*", "é", "A"):
        request = made.request | {"public_key": malformed}
        assert await refusal(certify(device, prepared, request)) == (422, "request.malformed")


def _der(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Unverified(SoftAuthenticator):
    """A passkey that was touched, and asked nobody who they are."""

    def _data(self, flags: int) -> bytes:
        return super()._data(flags & ~0x04)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param((Unverified, ORIGIN, "localhost"), id="no user verification"),
        pytest.param((SoftAuthenticator, "http://localhost:8001", "localhost"), id="foreign origin"),
        pytest.param((SoftAuthenticator, ORIGIN, "pakta.example"), id="foreign relying party"),
    ],
)
async def test_an_assertion_made_elsewhere_or_without_its_person_is_refused(
    a_round: OpenedRound, changed: tuple[type[SoftAuthenticator], str, str]
) -> None:
    device, prepared = await a_round.prepared()
    kind, origin, rp_id = changed
    passkey = kind(origin, rp_id, device.passkey.key, device.passkey.credential_id)
    made = make_act(device, prepared, passkey=passkey)
    assert await refusal(certify(device, prepared, made.request)) == (403, "passkey.refused")
    assert await kept(a_round.service, prepared) == NOTHING
    await device.sign(prepared)


async def test_the_passkey_of_another_person_is_refused(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    other = await a_round.device()
    made = make_act(device, prepared, passkey=other.passkey)
    assert await refusal(certify(device, prepared, made.request)) == (403, "passkey.unknown")


async def test_an_assertion_with_rubbish_in_it_is_refused(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    good = make_act(device, prepared).request
    credential = good["authentication"]["credential"]
    response = credential["response"]
    for wrong in (
        None,
        {},
        {"rawId": 5},
        {"rawId": "é"},
        credential | {"response": {}},
        credential | {"response": None},
        credential | {"response": response | {"signature": 7}},
        credential | {"response": response | {"clientDataJSON": "AAAA"}},
        credential | {"response": response | {"authenticatorData": b64(bytes(3))}},
    ):
        request = good | {"authentication": {"method": "passkey", "credential": wrong}}
        status, code = await refusal(certify(device, prepared, request))
        assert (status, code.split(".")[0]) == (403, "passkey"), (wrong, status, code)


async def test_what_a_credential_holds_beyond_the_standard_does_no_harm(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    made = make_act(device, prepared)
    made.request["authentication"]["credential"]["response"]["extra"] = "\0"
    await hand_in(device, prepared, signatures(made, prepared, await certify(device, prepared, made.request)))


async def test_not_exactly_the_signatures_of_the_session_are_refused(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    _, others = await a_round.prepared()
    body = await certified(device, prepared)
    first, second = body["signatures"]
    foreign = first | {"id": others.session["documents"][0]["id"]}
    for rows in ([first], [first, first], [first, second, second], [first, second, foreign], [first, foreign]):
        wrong = {"signatures": rows}
        assert await refusal(hand_in(device, prepared, wrong)) == (422, "signatures.incomplete")
    assert await refusal(hand_in(device, prepared, {"signatures": []})) == (422, "request.malformed")
    assert await kept(a_round.service, prepared) == NOTHING
    assert len(await hand_in(device, prepared, body)) == 2


async def test_one_signature_that_does_not_verify_keeps_all_out(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    body = await certified(device, prepared)
    first, second = body["signatures"]
    good = unb64(second["signature"])
    r, s = good[:32], good[32:]
    order = ORDER.to_bytes(32, "big")
    wrong = [
        bytes(32) + s,
        r + bytes(32),
        order + s,
        r + order,
        b"\xff" * 64,
        good[:-1],
        good + b"\0",
        good[:-1] + bytes([good[-1] ^ 1]),
        unb64(first["signature"]),
        b"",
    ]
    for signature in wrong:
        rows = {"signatures": [first, second | {"signature": b64(signature)}]}
        assert await refusal(hand_in(device, prepared, rows)) == (422, "signature.invalid"), signature.hex()
    rows = {"signatures": [first, second | {"signature": "*"}]}
    assert await refusal(hand_in(device, prepared, rows)) == (422, "request.malformed")
    assert await kept(a_round.service, prepared) == NOTHING
    await hand_in(device, prepared, body)
    assert await kept(a_round.service, prepared) == BOTH_ONCE


async def test_the_session_of_another_person_does_not_exist(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    thief = await a_round.device()
    own = f"{OPEN}/{prepared.session['id']}"
    made = make_act(device, prepared)
    body = {"signatures": [{"id": prepared.session["documents"][0]["id"], "signature": b64(bytes(64))}]}
    calls = [("GET", own, None), ("GET", f"{own}/bundle", None), ("POST", f"{own}/code", {})]
    calls += [("POST", f"{own}/restart", {}), ("POST", f"{own}/certificate", made.request)]
    calls += [("POST", f"{own}/signatures", body)]
    for method, path, sent in calls:
        assert await refusal(thief._call(method, path, sent)) == (404, "resource.not_found"), path
    owed = await device.pending()
    assert await refusal(thief.open([o["id"] for o in owed])) == (404, "resource.not_found")
    await device.sign(prepared)


async def test_people_who_need_not_sign_have_nothing_pending(a_round: OpenedRound) -> None:
    for number, state in ((901, "deferred"), (902, "exempt")):
        device = await a_round.device(nip_of(number))
        owed = await device._call("GET", "/me/obligations")
        assert [o["state"] for o in owed] == [state, state]
        assert await refusal(device.open([owed[0]["id"]])) == (409, "obligation.not_pending")


async def test_what_is_signed_cannot_be_signed_again(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    owed = [o["id"] for o in await device.pending()]
    await device.sign(prepared)
    assert await device.pending() == []
    assert await refusal(device.open(owed[:1])) == (409, "obligation.not_pending")
