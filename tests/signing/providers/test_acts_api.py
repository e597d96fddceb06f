"""Signing through a provider over the API: read, confirmed, sent, examined, kept; and what a person is told when it is not."""

import asyncio
import html
import tempfile

import pytest

from app.core.texts import text
from app.simulator.people import BUILT_IN, PASSPHRASE, TOTP
from tests.signing.acts import refusal
from tests.signing.providers.cases import CASES, WRONG
from tests.signing.providers.town import Town, confirmations

BSRE = ("bsre-v1", "bsre-v2")
SENTENCE = "Balai Besar Sertifikasi Elektronik"


@pytest.mark.parametrize("provider", ["pkcs12", "pkcs11", *BSRE, "csc-v1", "csc-v2"])
async def test_a_person_signs_both_pledges_and_anybody_can_check_them(elsewhere: Town, provider: str) -> None:
    device = await elsewhere.signer_for(provider)
    act = await elsewhere.open(device, provider)
    assert act["state"] == "prepared"
    assert [d["state"] for d in act["documents"]] == ["prepared"] * 2
    done = await elsewhere.send(device, act)
    assert (done["state"], [d["state"] for d in done["documents"]]) == ("signed", ["signed"] * 2)
    assert await device.pending() == []
    assurance = "certified" if provider in BSRE else "uncertified"
    for receipt in done["receipts"]:
        data = await device.download(receipt["id"])
        verdict = await elsewhere.verdict(data)
        assert (verdict["verdict"], verdict["assurance"]) == ("valid", assurance), verdict
        assert verdict["signers"][0]["authentication"] == ("token" if provider == "pkcs11" else "passphrase")
        changed = bytearray(data)
        changed[data.index(b"xmpmeta") + 2] ^= 1
        assert (await elsewhere.verdict(bytes(changed)))["verdict"] == "invalid"
    await elsewhere.service.run_jobs()
    for receipt in done["receipts"]:
        facts = await device._call("GET", f"/documents/{receipt['id']}")
        assert (facts["state"], facts["seal_refused"]) == ("sealed", None)
        sealed = await device.download(receipt["id"])
        verdict = await elsewhere.verdict(sealed)
        assert (verdict["verdict"], verdict["assurance"], verdict["seal_refused"]) == ("valid", assurance, None), (
            verdict
        )
        results = {check["code"]: check["result"] for check in verdict["checks"]}
        assert {results[code] for code in ("e_seal", "archive.timestamp", "changes.after_signing")} == {"passed"}
        assert (await pdfsig(sealed)).count("Signature is Valid.") == 2  # it does not judge time stamps


@pytest.mark.parametrize("refused", ["no_changes", "field_lock"])
async def test_what_a_signature_forbids_to_extend_ends_as_signed_and_says_why(elsewhere: Town, refused: str) -> None:
    device = await elsewhere.signer()
    act = await elsewhere.open(device, "bsre-v1", [(await device.pending())[0]["id"]])
    elsewhere.world.bsre.faults.waiting[:] = [refused]
    (receipt,) = (await elsewhere.send(device, act))["receipts"]
    await elsewhere.service.run_jobs()
    facts = await device._call("GET", f"/documents/{receipt['id']}")
    assert (facts["state"], facts["seal_refused"]) == ("signed", refused)
    verdict = await elsewhere.verdict(await device.download(receipt["id"]))
    assert (verdict["verdict"], verdict["seal_refused"]) == ("valid", refused)
    for language in ("id", "en"):
        page = await elsewhere.service.http.get(f"/v/{facts['code']}", headers={"Accept-Language": language})
        assert html.escape(text(f"page.verdict.seal_refused.{refused}", language)) in page.text
    stuck = (await elsewhere.admin("GET", f"/rounds/{elsewhere.round_id}/stuck", params={"limit": 1000})).json()
    (told,) = [row for row in stuck if row["document_id"] == receipt["id"]]
    assert (told["cause"], told["reason"]) == ("seal.refused", refused)


async def test_only_what_bsre_signs_says_so_on_its_foot(elsewhere: Town) -> None:
    said = {}
    for provider in ("bsre-v1", "csc-v2"):
        device = await elsewhere.signer()
        done = await elsewhere.send(device, await elsewhere.open(device, provider))
        said[provider] = [SENTENCE in await page_text(await device.download(r["id"])) for r in done["receipts"]]
    device = await elsewhere.signer()
    receipts = (await device.sign(await device.open([o["id"] for o in await device.pending()]))).receipts
    said["device"] = [SENTENCE in await page_text(await device.download(r["id"])) for r in receipts]
    assert said == {"bsre-v1": [True, True], "csc-v2": [False, False], "device": [False, False]}


async def pdfsig(data: bytes) -> str:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        process = await asyncio.create_subprocess_exec("pdfsig", "-nocert", file.name, stdout=asyncio.subprocess.PIPE)
        return (await process.communicate())[0].decode()


async def page_text(data: bytes) -> str:
    process = await asyncio.create_subprocess_exec(
        "pdftotext", "-layout", "-", "-", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(data)
    return " ".join(out.decode().split())


async def test_v1_gateways_that_answer_with_a_number_are_asked_for_the_file(elsewhere: Town) -> None:
    elsewhere.world.bsre.shape = "json"
    device = await elsewhere.signer()
    done = await elsewhere.send(device, await elsewhere.open(device, "bsre-v1"))
    assert done["state"] == "signed"


async def test_a_one_time_code_does_where_the_provider_takes_one(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    act = await elsewhere.open(device, "bsre-v2")
    assert act["secrets"] == ["passphrase", "totp"]
    assert (await elsewhere.send(device, act, totp=TOTP))["state"] == "signed"


async def test_nothing_is_sent_before_every_statement_was_confirmed_in_order(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    act = await elsewhere.open(device, "bsre-v2")
    asked = elsewhere.world.bsre.faults.signed
    good = confirmations(act)
    late = [{**good[0], "at": "2026-11-23T06:00:00Z"}, good[1]]
    for bad in ([], good[:1], good[::-1], late):
        body = {"confirmations": bad, "passphrase": PASSPHRASE}
        call = device._call("POST", f"/me/remote-signatures/{act['id']}/signature", body)
        assert await refusal(call) == (422, "confirmations.incomplete")
    assert elsewhere.world.bsre.faults.signed == asked
    assert (await elsewhere.send(device, act))["state"] == "signed"


async def test_a_wrong_passphrase_is_told_and_the_right_one_may_follow(elsewhere: Town) -> None:
    for provider in (*BSRE, "csc-v1"):
        device = await elsewhere.signer()
        act = await elsewhere.open(device, provider)
        refused = await elsewhere.send(device, act, passphrase=WRONG)
        assert (refused["state"], refused["refusal"]["code"]) == ("prepared", "provider.passphrase_wrong")
        assert (await elsewhere.send(device, act))["state"] == "signed"


@pytest.mark.parametrize("person", BUILT_IN[1:], ids=lambda p: p.state)
async def test_an_account_that_cannot_sign_is_told_why(elsewhere: Town, person) -> None:
    device = await elsewhere.signer(person)
    act = await elsewhere.open(device, "bsre-v2")
    signed = elsewhere.world.bsre.faults.signed
    told = (await elsewhere.send(device, act))["refusal"]
    expected = "provider.no_certificate" if person.state == "NO_CERTIFICATE" else "provider.user_state"
    assert told["code"] == expected
    assert person.state in told["title"] or person.state == "NO_CERTIFICATE"
    assert elsewhere.world.bsre.faults.signed == signed


async def test_who_has_no_nik_here_or_no_account_there_is_told(elsewhere: Town) -> None:
    device = await elsewhere.signer(None)
    told = await elsewhere.send(device, await elsewhere.open(device, "bsre-v1"))
    assert told["refusal"]["code"] == "provider.signer_unidentified"
    stranger = await elsewhere.signer(BUILT_IN[0].__class__("3573010101859999", "", "Lain"))
    told = await elsewhere.send(stranger, await elsewhere.open(stranger, "bsre-v1"))
    assert told["refusal"]["code"] == "provider.not_registered"
    assert "verifikator" in told["refusal"]["remedy"]


@pytest.mark.parametrize("provider", BSRE)
@pytest.mark.parametrize(
    ("fault", "code"), [("error", "provider.document_refused"), ("login", "provider.login_refused")]
)
async def test_what_a_gateway_refuses_in_its_own_words_may_be_tried_again(
    elsewhere: Town, provider: str, fault: str, code: str
) -> None:
    device = await elsewhere.signer()
    act = await elsewhere.open(device, provider)
    elsewhere.world.bsre.faults.waiting[:] = [fault]
    refused = await elsewhere.send(device, act)
    assert (refused["state"], refused["refusal"]["code"]) == ("prepared", code)
    assert (await elsewhere.send(device, act))["state"] == "signed"


async def test_a_secret_the_provider_does_not_take_is_refused_before_anything_is_written(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    act = await elsewhere.open(device, "bsre-v1")
    for secret in ({}, {"totp": TOTP}):
        body = {"confirmations": confirmations(act), **secret}
        call = device._call("POST", f"/me/remote-signatures/{act['id']}/signature", body)
        assert await refusal(call) == (422, "provider.secret_missing")
    both = {"confirmations": confirmations(act), "passphrase": PASSPHRASE, "totp": TOTP}
    call = device._call("POST", f"/me/remote-signatures/{act['id']}/signature", both)
    assert await refusal(call) == (422, "provider.secret_missing")


@pytest.mark.parametrize("provider", ["csc-v1", "csc-v2"])
async def test_a_service_that_wants_pin_and_code_gets_both_in_one_request(elsewhere: Town, provider: str) -> None:
    device = await elsewhere.signer()
    act = await elsewhere.open(device, provider)
    assert act["together"]
    elsewhere.world.csc.both = True
    try:
        for given in ({"passphrase": PASSPHRASE}, {"totp": TOTP}, {"passphrase": WRONG, "totp": TOTP}):
            refused = await elsewhere.send(device, act, **given)
            assert (refused["state"], refused["refusal"]["code"]) == ("prepared", "provider.passphrase_wrong")
        assert (await elsewhere.send(device, act, passphrase=PASSPHRASE, totp=TOTP))["state"] == "signed"
    finally:
        elsewhere.world.csc.both = False


async def test_asked_twice_it_signs_once(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    owed = [one["id"] for one in await device.pending()]
    act = await elsewhere.open(device, "bsre-v2", owed)
    assert (await elsewhere.open(device, "bsre-v2", owed))["id"] == act["id"]
    signed = elsewhere.world.bsre.faults.signed
    first, second = await asyncio.gather(elsewhere.send(device, act), elsewhere.send(device, act))
    assert {first["state"], second["state"]} <= {"signed", "sending"}
    done = await elsewhere.read(device, act)
    assert (done["state"], elsewhere.world.bsre.faults.signed) == ("signed", signed + 2)
    assert (await elsewhere.open(device, "bsre-v2", owed))["receipts"] == done["receipts"]
    assert (await elsewhere.send(device, act))["receipts"] == done["receipts"]
    assert elsewhere.world.bsre.faults.signed == signed + 2


async def test_a_ceremony_on_the_device_gives_way_to_an_act_elsewhere_and_back(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    owed = [one["id"] for one in await device.pending()]
    prepared = await device.open(owed)
    act = await elsewhere.open(device, "bsre-v2", owed)
    assert (await refusal(device.sign(prepared)))[1] == "session.state"
    again = await device.open(owed)
    assert (await elsewhere.read(device, act))["state"] == "abandoned"
    assert len((await device.sign(again)).receipts) == 2


async def test_an_act_belongs_to_its_person_and_to_its_own_routes(elsewhere: Town) -> None:
    device, other = await elsewhere.signer(), await elsewhere.signer()
    act = await elsewhere.open(device, "bsre-v2")
    assert await refusal(elsewhere.read(other, act)) == (404, "resource.not_found")
    assert await refusal(device._call("GET", f"/me/signing-sessions/{act['id']}")) == (404, "resource.not_found")


async def test_a_provider_that_is_off_or_has_a_ceremony_takes_no_act(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    assert await refusal(elsewhere.open(device, "nobody")) == (404, "provider.off")
    assert await refusal(elsewhere.open(device, "device")) == (409, "remote.own_ceremony")
    names = [one["name"] for one in await device._call("GET", "/me/signing-providers")]
    assert names == list(CASES)
