"""A call whose end nobody saw: its own state, never sent again by itself, and two ways out."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.core.db import Database
from app.core.permission import Role
from app.device.signer import API, Device
from app.document import elsewhere as prepared
from app.document import service as documents
from app.signing.providers.registry import Providers
from app.signing.remote.jobs import find_lost
from app.signing.remote.sending import send_all
from app.signing.sessions import Ceremony
from app.simulator.signing import sign_pdf
from tests.signing.acts import count, refusal
from tests.signing.providers.cases import NOW, opens
from tests.signing.providers.town import Town

UNSEEN = ("slow", "html", "html_error", "html_after", "bare_error", "cut_before", "cut_after", "no_file")
UNFIT = {"rewritten": "rewritten", "unsigned": "no_signature", "changed": "changed", "foreign": "chain"}


async def sent_into(town: Town, fault: str, provider: str = "bsre-v2"):
    """Return a device, its act after a call that ended so, and the unknown calls of it."""
    device = await town.signer()
    act = await town.open(device, provider)
    town.world.bsre.faults.waiting[:] = [fault]
    after = await town.send(device, act)
    ids = {d["id"] for d in act["documents"]}
    return device, after, [call for call in await town.unknown() if call["document_id"] in ids]


@pytest.mark.parametrize("fault", UNSEEN)
async def test_an_end_that_was_not_seen_is_unknown_and_sent_once(elsewhere: Town, fault: str) -> None:
    signed = elsewhere.world.bsre.faults.signed
    device, act, calls = await sent_into(elsewhere, fault)
    assert act["state"] == "unknown"
    assert {d["state"] for d in act["documents"]} == {"unknown"}
    assert len(calls) == 2
    once = 0 if fault in {"html", "html_error", "cut_before"} else 2
    assert elsewhere.world.bsre.faults.signed == signed + once
    again = await elsewhere.send(device, act)  # the same go once more: nothing leaves
    assert again["state"] == "unknown"
    owed = [one["id"] for one in await device.pending()]
    assert len(owed) == 2
    assert await refusal(elsewhere.open(device, "bsre-v1", owed)) == (409, "remote.outcome_open")
    assert await refusal(device.open(owed)) == (409, "remote.outcome_open")
    assert elsewhere.world.bsre.faults.signed == signed + once


@pytest.mark.parametrize(("fault", "reason"), UNFIT.items())
async def test_another_file_than_was_sent_is_kept_apart_and_not_counted(
    elsewhere: Town, fault: str, reason: str
) -> None:
    device, act, calls = await sent_into(elsewhere, fault, "bsre-v1")
    assert act["state"] == "unknown"
    assert [call["reason"] for call in calls] == [f"returned_{reason}"]  # v1 sends one at a time and stopped
    assert [d["state"] for d in act["documents"]] == ["unknown", "prepared"]
    assert len(await device.pending()) == 2


async def test_the_first_of_two_is_kept_when_the_second_is_lost(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    act = await elsewhere.open(device, "bsre-v1")
    elsewhere.world.bsre.faults.waiting[:] = ["none", "cut_after"]
    after = await elsewhere.send(device, act)
    assert [d["state"] for d in after["documents"]] == ["signed", "unknown"]
    assert after["state"] == "unknown"
    assert len(after["receipts"]) == len(await device.pending()) == 1
    assert (await elsewhere.verdict(await device.download(after["receipts"][0]["id"])))["verdict"] == "valid"


async def test_looking_again_fetches_what_v1_had_given_a_number_for(elsewhere: Town) -> None:
    elsewhere.world.bsre.shape = "json"
    device = await elsewhere.signer()
    act = await elsewhere.open(device, "bsre-v1", [(await device.pending())[0]["id"]])
    elsewhere.world.bsre.faults.waiting[:] = ["none", "html_error"]  # the call is good, the download is not
    after = await elsewhere.send(device, act)
    assert after["state"] == "unknown"
    (call,) = [c for c in await elsewhere.unknown() if c["document_id"] == act["documents"][0]["id"]]
    assert call["reference"]
    signed = elsewhere.world.bsre.faults.signed
    checked = await elsewhere.admin("POST", f"/remote-signatures/{call['id']}/check")
    assert (checked.status_code, checked.json()["state"]) == (200, "signed"), checked.text
    assert (await elsewhere.read(device, act))["state"] == "signed"
    assert elsewhere.world.bsre.faults.signed == signed
    again = await elsewhere.admin("POST", f"/remote-signatures/{call['id']}/check")
    assert (again.status_code, again.json()["code"]) == (409, "remote.settled")


async def test_looking_again_without_a_number_leaves_it_unknown_and_signs_nothing(elsewhere: Town) -> None:
    for provider in ("bsre-v1", "bsre-v2"):
        _, _, calls = await sent_into(elsewhere, "cut_after", provider)
        signed = elsewhere.world.bsre.faults.signed
        reply = await elsewhere.admin("POST", f"/remote-signatures/{calls[0]['id']}/check")
        assert (reply.status_code, reply.json()["state"]) == (200, "unknown")
        assert reply.json()["checked_at"] is not None
        assert elsewhere.world.bsre.faults.signed == signed


async def test_a_person_decides_that_nothing_was_signed_and_it_may_be_signed_anew(elsewhere: Town) -> None:
    device, act, calls = await sent_into(elsewhere, "cut_before")
    logged = await count(elsewhere.service, "SELECT count(*) FROM log_entry WHERE kind = 'remote.decided'")
    for call in calls:
        body = {"outcome": "not_signed", "reason": "Portal BSrE tidak memuat dokumen ini."}
        reply = await elsewhere.admin("POST", f"/remote-signatures/{call['id']}/decision", json=body)
        assert (reply.status_code, reply.json()["state"]) == (200, "not_signed")
    assert await count(elsewhere.service, "SELECT count(*) FROM log_entry WHERE kind = 'remote.decided'") == logged + 2
    assert (await elsewhere.read(device, act))["state"] == "abandoned"
    done = await elsewhere.send(device, await elsewhere.open(device, "bsre-v2"))
    assert done["state"] == "signed"


async def test_the_signed_file_may_be_handed_in_and_no_other(elsewhere: Town) -> None:
    device, act, calls = await sent_into(elsewhere, "cut_after")
    reason = {"reason": "Diunduh dari portal BSrE."}
    for call in calls:
        sent = await prepared_bytes(elsewhere, call["document_id"])
        good = sign_pdf_in_thread(sent, elsewhere)
        other = sign_pdf_in_thread(sent[:-1] + b" \n", elsewhere)
        for bad in (other, sent, b"%PDF-1.7 bukan", good[:-3]):
            reply = await hand_in(elsewhere, call["id"], bad, reason)
            assert (reply.status_code, reply.json()["code"]) == (422, "remote.file_unfit")
        elsewhere.world.bsre.revoked = True  # as only the service can know
        reply = await hand_in(elsewhere, call["id"], good, reason)
        assert (reply.status_code, "second_opinion" in reply.json()["title"]) == (422, True), reply.text
        elsewhere.world.bsre.revoked = False
        reply = await hand_in(elsewhere, call["id"], good, reason)
        assert (reply.status_code, reply.json()["state"]) == (200, "signed"), reply.text
        assert reply.json()["opinion"] == "valid"
    assert (await elsewhere.read(device, act))["state"] == "signed"
    assert await device.pending() == []


async def test_the_signer_hands_in_the_own_file_and_asks_again_but_decides_nothing(elsewhere: Town) -> None:
    device, act, calls = await sent_into(elsewhere, "cut_after")
    stranger = await elsewhere.signer()
    path = f"/me/remote-signatures/{act['id']}"
    signed = elsewhere.world.bsre.faults.signed
    assert (await device._call("POST", f"{path}/check", {}))["state"] == "unknown"
    assert elsewhere.world.bsre.faults.signed == signed
    assert all(c["checked_at"] for c in await elsewhere.unknown() if c["id"] in {one["id"] for one in calls})
    assert await refusal(stranger._call("POST", f"{path}/check", {})) == (404, "resource.not_found")
    sent = [await prepared_bytes(elsewhere, call["document_id"]) for call in calls]
    good = [sign_pdf_in_thread(one, elsewhere) for one in sent]
    for one, status in ((sent[0], 422), (good[1], 200), (good[1], 422), (good[0], 200), (good[0], 409)):
        reply = await own_file(elsewhere, device, f"{path}/file", one)
        assert reply.status_code == status, reply.text
    assert (await own_file(elsewhere, stranger, f"{path}/file", good[0])).status_code == 404
    assert (await elsewhere.read(device, act))["state"] == "signed"
    assert await refusal(device._call("POST", f"{path}/check", {})) == (409, "remote.settled")


async def own_file(town: Town, device: Device, path: str, data: bytes) -> httpx.Response:
    cookie = "; ".join(f"{name}={value}" for name, value in device._cookies.items())
    files = {"file": ("signed.pdf", io.BytesIO(data), "application/pdf")}
    return await town.service.http.post(f"{API}{path}", files=files, headers=device._headers | {"cookie": cookie})


async def hand_in(town: Town, call_id: str, data: bytes, reason: dict[str, str]) -> httpx.Response:
    files = {"file": ("signed.pdf", io.BytesIO(data), "application/pdf")}
    return await town.admin("POST", f"/remote-signatures/{call_id}/file", files=files, data=reason)


def sign_pdf_in_thread(data: bytes, town: Town) -> bytes:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(sign_pdf, data, town.world.simulated, "Pengguna Issue", NOW).result()


async def prepared_bytes(town: Town, document_id: str) -> bytes:
    """The file as it was sent: its prefix and the prepared tail."""
    async with town.service.held.get(Database).transaction() as session:
        (document,) = await documents.list_by_ids(session, [UUID(document_id)])
        return await prepared.prepared_bytes(town.service.held.get(Ceremony).shelf, document)


async def test_a_process_that_died_while_it_waited_leaves_an_unknown_outcome(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    act = await elsewhere.open(device, "bsre-v2")
    held = elsewhere.service.held
    async with held.get(Database).transaction() as session:  # what is durable before the call is made
        await session.execute(text("UPDATE signing_session SET state = 'sending' WHERE id = :id"), {"id": act["id"]})
        await session.execute(
            text(
                "INSERT INTO remote_call (id, session_id, document_id, provider, state, sent_at, reason, reference)"
                " SELECT gen_random_uuid(), session_id, document_id, 'bsre-v2', 'sending', :at, '', ''"
                " FROM signing_session_document WHERE session_id = :id"
            ),
            {"id": act["id"], "at": elsewhere.service.clock.now()},
        )
    await find_lost.body(held)
    assert (await elsewhere.read(device, act))["state"] == "sending"
    assert await refusal(device.open([one["id"] for one in await device.pending()])) == (409, "remote.outcome_open")
    signed = elsewhere.world.bsre.faults.signed
    elsewhere.service.clock.advance(timedelta(minutes=10))
    try:
        await find_lost.body(held)
        await find_lost.body(held)
    finally:
        elsewhere.service.clock.advance(timedelta(minutes=-10))
    assert (await elsewhere.read(device, act))["state"] == "unknown"
    await send_all(held, UUID(act["id"]), opens())
    assert elsewhere.world.bsre.faults.signed == signed


async def test_a_process_that_died_before_the_first_call_gives_the_pledges_back(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    act = await elsewhere.open(device, "bsre-v2")
    held = elsewhere.service.held
    async with held.get(Database).transaction() as session:
        statement = "UPDATE signing_session SET state = 'sending', expires_at = :at WHERE id = :id"
        before = elsewhere.service.clock.now() - timedelta(minutes=1)
        await session.execute(text(statement), {"id": act["id"], "at": before})
    await find_lost.body(held)
    assert (await elsewhere.read(device, act))["state"] == "abandoned"
    assert (await elsewhere.send(device, await elsewhere.open(device, "bsre-v2")))["state"] == "signed"


async def test_what_came_back_is_not_lost_with_the_transaction_that_should_keep_it(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    one = (await device.pending())[0]["id"]
    act = await elsewhere.open(device, "bsre-v2", [one])
    held = elsewhere.service.held
    async with held.get(Database).transaction() as session:
        await session.execute(text("UPDATE obligation SET state = 'deferred' WHERE id = :id"), {"id": one})
    after = await elsewhere.send(device, act)
    assert after["state"] == "sending"
    async with held.get(Database).transaction() as session:
        await session.execute(text("UPDATE obligation SET state = 'pending' WHERE id = :id"), {"id": one})
        await session.execute(
            text("UPDATE remote_call SET sent_at = sent_at - interval '1 hour' WHERE state = 'sending'")
        )
    await find_lost.body(held)
    (call,) = [c for c in await elsewhere.unknown() if c["obligation_id"] == one]
    signed = elsewhere.world.bsre.faults.signed
    checked = await elsewhere.admin("POST", f"/remote-signatures/{call['id']}/check")
    assert checked.json()["state"] == "signed", checked.text
    assert elsewhere.world.bsre.faults.signed == signed
    assert (await elsewhere.read(device, act))["state"] == "signed"


async def test_no_connection_means_that_nothing_was_sent(elsewhere: Town) -> None:
    device = await elsewhere.signer()
    act = await elsewhere.open(device, "bsre-v1")
    provider = elsewhere.service.held.get(Providers)
    wire = provider.get("bsre-v1")._wire
    there, wire._base_url = wire._base_url, "http://127.0.0.1:9"
    try:
        told = await elsewhere.send(device, act)
    finally:
        wire._base_url = there
    assert (told["state"], told["refusal"]["code"]) == ("prepared", "provider.unavailable")
    assert (await elsewhere.send(device, act))["state"] == "signed"


async def test_only_the_personnel_office_decides(elsewhere: Town) -> None:
    _, _, calls = await sent_into(elsewhere, "cut_after")
    for role in (Role.OPD_ADMIN, Role.AUDITOR, Role.HEAD):
        headers = await elsewhere.service.token(role)
        for path, body in (("check", {}), ("decision", {"outcome": "not_signed", "reason": "tidak ada"})):
            url = f"/api/v1/remote-signatures/{calls[0]['id']}/{path}"
            assert (await elsewhere.service.http.post(url, json=body, headers=headers)).status_code == 403
    assert [c["id"] for c in await elsewhere.unknown() if c["id"] == calls[0]["id"]] == [calls[0]["id"]]
