"""An official takes note of many pledges in one act, leaves some out, and what waits says why."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.core.blobs import BlobStore
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.checks import DeviceRefusal
from app.device.signer import API
from app.pdf.inspect import inspect
from app.pki.keyring import KeyRing
from tests.pdf.structure_check import faults
from tests.signing.acts import certify, count, hand_in, make_act, refusal, restart, signatures
from tests.signing.noted_round import (
    ACTING,
    HEAD,
    SECRETARY,
    agency,
    facts,
    head,
    noted_round,
    record,
    signed_by,
    stuck,
)
from tests.signing.opened_round import OpenedRound, nip_of


@pytest.fixture
async def noted(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    async with noted_round(postgres, tmp_path_factory.mktemp("noted")) as opened:
        yield opened


def kinds(noted: OpenedRound, pdf: bytes) -> list[str]:
    """Check a file as a stranger and return the signatures it holds."""
    root = noted.service.held.get(KeyRing).authority.root
    found = inspect(pdf, trust_roots=[root], now=noted.service.clock.now())
    assert [c.code for c in found.checks if c.result == "failed"] == []
    assert faults(pdf) == []
    return [signer.kind for signer in found.signers]


async def test_a_pledge_waits_for_its_head_and_is_sealed_after_the_note(noted: OpenedRound) -> None:
    service = noted.service
    document = await signed_by(noted, nip_of(1))
    await service.run_jobs()
    assert (await facts(service, document))["state"] == "signed"
    official = await head(noted)
    waiting = await official.countersignings()
    assert [(w["document_id"], w["name"]) for w in waiting] == [(document, "Anggun Anggun Bagas")]
    shown = await official._bytes(f"/documents/{document}/pages/1.png")
    assert shown.startswith(b"\x89PNG")
    prepared = await official.open_countersigning([document])
    assert prepared.session["purpose"] == "pakta.countersign.v1"
    receipts = (await official.sign(prepared)).receipts
    assert [r["id"] for r in receipts] == [document]
    told = await facts(service, document)
    assert (told["state"], told["sha256"]) == ("countersigned", receipts[0]["sha256"])
    assert kinds(noted, await official.download(document)) == ["signer", "countersigner"]
    await service.run_jobs()
    assert (await facts(service, document))["state"] == "sealed"
    assert kinds(noted, await official.download(document)) == ["signer", "countersigner", "e_seal"]
    logged = "SELECT count(*) FROM log_entry WHERE subject_id = :id AND kind = 'document.countersigned'"
    assert await count(service, logged, id=document) == 1
    assert await official.countersignings() == []


async def test_one_act_takes_note_of_many_and_leaves_out_one_with_its_reason(noted: OpenedRound) -> None:
    service = noted.service
    documents = [await signed_by(noted, nip_of(n)) for n in (1, 3, 5, 7)]
    official = await head(noted)
    await official.leave_out([documents[1]], "Sedang diperiksa Inspektorat")
    left = await official.countersignings(left_out=True)
    assert [(w["document_id"], w["left_out_reason"]) for w in left] == [(documents[1], "Sedang diperiksa Inspektorat")]
    rest = [w["document_id"] for w in await official.countersignings(left_out=False)]
    assert rest == [documents[0], *documents[2:]]
    await official.sign(await official.open_countersigning(rest))
    await service.run_jobs()
    states = [(await facts(service, d))["state"] for d in documents]
    assert states == ["sealed", "signed", "sealed", "sealed"]
    assert await stuck(noted) == {documents[1]: "left_out"}
    await official.sign(await official.open_countersigning([documents[1]]))
    assert await stuck(noted) == {}


async def test_an_agency_without_a_head_is_shown_with_the_cause_until_one_acts_for_it(noted: OpenedRound) -> None:
    service = noted.service
    document = await signed_by(noted, nip_of(2))
    assert await stuck(noted) == {document: "countersigner.missing"}
    path = f"{API}/rounds/{noted.id}/countersigners"
    listed = (await service.http.get(path, headers=service.as_admin())).json()
    assert {a["agency"]: a["cause"] for a in listed} == {
        "Pemerintah Kota Malang": "missing",
        "Dinas Kesehatan": "",
        "Inspektorat Daerah": "missing",
    }
    place = await agency(service, "Inspektorat Daerah")
    refused = await record(noted, place, ACTING, capacity="plt")
    assert (refused.status_code, refused.json()["code"]) == (422, "countersigner.mandate_missing")
    mandate = {"capacity": "plt", "mandate_number": "800/12/2026", "valid_from": "2026-11-01", "valid_to": "2026-11-30"}
    made = await record(noted, place, ACTING, **mandate)
    assert (made.status_code, made.json()["position"]) == (201, "Plt. Inspektur")
    acting = await service.device(nip_of(ACTING))
    await acting.sign(await acting.open_countersigning([document]))
    assert kinds(noted, await acting.download(document)) == ["signer", "countersigner"]
    second = await signed_by(noted, nip_of(4))
    assert second in {w["document_id"] for w in await acting.countersignings()}
    service.clock.advance(timedelta(days=9))
    assert await stuck(noted) == {document: "seal.waiting", second: "countersigner.mandate_over"}


async def test_who_was_replaced_after_being_printed_signs_no_more_and_nobody_else_does(noted: OpenedRound) -> None:
    service = noted.service
    document = await signed_by(noted, nip_of(1))
    place = await agency(service, "Dinas Kesehatan")
    official = await head(noted)
    prepared = await official.open_countersigning([document])
    made = make_act(official, prepared)
    body = signatures(made, prepared, await certify(official, prepared, made.request))
    assert (await record(noted, place, SECRETARY)).status_code == 201
    assert await refusal(hand_in(official, prepared, body)) == (409, "countersigning.document_changed")
    assert (await facts(service, document))["state"] == "signed"
    successor = await service.device(nip_of(SECRETARY))
    assert await successor.countersignings() == []
    assert await refusal(successor.open_countersigning([document])) == (404, "resource.not_found")
    assert await stuck(noted) == {document: "countersigner.changed"}
    assert (await record(noted, place, HEAD)).status_code == 201
    again = await restart(official, prepared)
    assert len((await official.sign(again)).receipts) == 1


async def test_a_head_notes_no_pledge_of_another_agency_and_not_the_own(noted: OpenedRound) -> None:
    service = noted.service
    foreign = await signed_by(noted, nip_of(2))
    own = await signed_by(noted, nip_of(HEAD))
    official = await head(noted)
    assert await official.countersignings() == []
    for document in (foreign, own):
        assert await refusal(official.open_countersigning([document])) == (404, "resource.not_found")
        assert await refusal(official.leave_out([document], "bukan wewenang saya")) == (404, "resource.not_found")
    assert await refusal(official._call("GET", f"/documents/{foreign}")) == (404, "resource.not_found")
    plain = await service.device(nip_of(1))
    assert await plain.countersignings() == []
    await service.run_jobs()
    assert (await facts(service, own))["state"] == "sealed"  # nobody is recorded above the heads
    assert kinds(noted, await official.download(own)) == ["signer", "e_seal"]


async def test_a_heads_own_pledge_is_noted_by_who_is_recorded_above(noted: OpenedRound) -> None:
    service = noted.service
    listed = (await service.http.get(f"{API}/rounds/{noted.id}/countersigners", headers=service.as_admin())).json()
    top = next(a["agency_id"] for a in listed if a["agency"] == "Pemerintah Kota Malang")
    made = await record(noted, top, SECRETARY, position="Sekretaris Daerah")
    assert made.json()["position"] == "Sekretaris Daerah"
    own = await signed_by(noted, nip_of(HEAD))
    secretary = await service.device(nip_of(SECRETARY))
    assert [w["document_id"] for w in await secretary.countersignings()] == [own]
    await secretary.sign(await secretary.open_countersigning([own]))
    assert kinds(noted, await secretary.download(own)) == ["signer", "countersigner"]


async def test_an_act_of_countersigning_is_idempotent_and_its_proof_is_none_for_signing(noted: OpenedRound) -> None:
    document = await signed_by(noted, nip_of(1))
    official = await head(noted)
    prepared = await official.open_countersigning([document])
    assert (await official.open_countersigning([document])).session["id"] == prepared.session["id"]
    made = make_act(official, prepared)
    prepared.purpose = "pakta.sign.v1"
    lie = make_act(official, prepared)
    assert await refusal(certify(official, prepared, lie.request)) == (403, "key.no_proof")
    body = signatures(made, prepared, await certify(official, prepared, made.request))
    receipts = await hand_in(official, prepared, body)
    assert await hand_in(official, prepared, body) == receipts
    kept = "SELECT count(*) FROM document_revision WHERE document_id = :id AND kind = 'countersigned'"
    assert await count(noted.service, kept, id=document) == 1
    held = "SELECT count(*) FROM countersignature WHERE revision IS NOT NULL"
    assert await count(noted.service, held) == 0


async def test_the_device_refuses_a_note_on_another_document(
    noted: OpenedRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await signed_by(noted, nip_of(1))
    official = await head(noted)
    prepared = await official.open_countersigning([document])
    whole = official._bytes

    async def bent(path: str) -> bytes:
        data = bytearray(await whole(path))
        data[-2000] ^= 1
        return bytes(data)

    monkeypatch.setattr(official, "_bytes", bent)
    with pytest.raises(DeviceRefusal):
        await official.fetch(prepared.session)


async def test_a_heads_act_ends_another_session_and_costs_nobody_a_signature(noted: OpenedRound) -> None:
    document = await signed_by(noted, nip_of(1))
    official = await head(noted)
    own = await official.open([o["id"] for o in await official.pending()])
    prepared = await official.open_countersigning([document])
    assert (await official._call("GET", f"/me/signing-sessions/{own.session['id']}"))["state"] == "abandoned"
    assert await refusal(official.decline(prepared, "tidak jadi")) == (409, "session.not_declinable")
    again = await official.open([o["id"] for o in await official.pending()])
    assert (await official._call("GET", f"/me/signing-sessions/{prepared.session['id']}"))["state"] == "abandoned"
    assert len((await official.sign(again)).receipts) == 1


async def test_only_a_countersigned_round_has_countersigners_and_an_agency_records_its_own(
    noted: OpenedRound,
) -> None:
    service = noted.service
    plain = await service.open_round(title="Tanpa mengetahui")
    place, other = await agency(service, "Dinas Kesehatan"), await agency(service, "Inspektorat Daerah")
    reply = await service.http.post(
        f"{API}/rounds/{plain}/countersigners",
        json={"agency_id": place, "nip": nip_of(HEAD)},
        headers=service.as_admin(),
    )
    assert (reply.status_code, reply.json()["code"]) == (409, "countersigner.not_asked")
    token = await service.token(Role.OPD_ADMIN, [place])
    path = f"{API}/rounds/{noted.id}/countersigners"
    foreign = await service.http.post(path, json={"agency_id": other, "nip": nip_of(HEAD)}, headers=token)
    assert foreign.status_code == 404
    unknown = await service.http.post(path, json={"agency_id": place, "nip": "199901012020011001"}, headers=token)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "countersigner.unknown")
    listed = (await service.http.get(path, headers=token)).json()
    assert [a["agency"] for a in listed] == ["Dinas Kesehatan"]
    recorded = "SELECT count(*) FROM log_entry WHERE kind = 'countersigner.recorded'"
    assert await count(service, recorded) == 0
    assert (
        await service.http.post(path, json={"agency_id": place, "nip": nip_of(HEAD)}, headers=token)
    ).status_code == 201
    assert await count(service, recorded) == 1


async def test_a_closed_round_can_still_be_noted(noted: OpenedRound) -> None:
    service = noted.service
    document = await signed_by(noted, nip_of(1))
    closed = await service.http.post(f"{API}/rounds/{noted.id}/close", headers=service.as_admin())
    assert closed.status_code == 200, closed.text
    official = await head(noted)
    assert len((await official.sign(await official.open_countersigning([document]))).receipts) == 1


async def test_nothing_is_kept_when_the_store_fails(noted: OpenedRound, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await signed_by(noted, nip_of(1))
    official = await head(noted)
    prepared = await official.open_countersigning([document])
    made = make_act(official, prepared)
    body = signatures(made, prepared, await certify(official, prepared, made.request))
    blobs = noted.service.held.get(BlobStore)

    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(blobs, "put", full)
        status, _ = await refusal(hand_in(official, prepared, body))
    assert status >= 500
    assert (await facts(noted.service, document))["state"] == "signed"
    assert len(await hand_in(official, prepared, body)) == 1
