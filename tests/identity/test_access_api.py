"""Who did or saw what: written with the act itself, never rewritten, read by auditors and by the person."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from app.core.db import Database
from app.core.ids import new_id
from app.core.permission import Role
from app.device.signer import API, Device
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.worker import run_due
from tests.identity.test_activation_api import OTHER_DAY, activate, stranger
from tests.signing.acts import refusal
from tests.signing.opened_round import PIN, OpenedRound


async def events(a_round: OpenedRound, **filters: Any) -> list[dict[str, Any]]:
    reply = await a_round.service.http.get(f"{API}/access-events", params=filters, headers=a_round.service.as_admin())
    assert reply.status_code == 200, reply.text
    return reply.json()


async def own(device: Device) -> list[tuple[str, str]]:
    return [(one["kind"], one["role"]) for one in await device._call("GET", "/me/access-events")]


async def count(a_round: OpenedRound) -> int:
    async with a_round.service.held.get(Database).transaction() as session:
        return (await session.execute(text("SELECT count(*) FROM access_event"))).scalar_one()


async def test_a_person_reads_the_whole_story_of_the_own_account(a_round: OpenedRound) -> None:
    device, _ = await a_round.signed()
    assert await own(device) == [
        ("signed", "asn"),
        ("passkey_added", "asn"),
        ("activation_used", "asn"),
        ("activation_issued", "bkpsdm_admin"),
    ]
    assert {one["address"] for one in await device._call("GET", "/me/access-events")} == {"127.0.0.1"}


async def test_the_ceremony_writes_one_event_and_reading_ones_own_things_none(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    before = await count(a_round)
    receipts = (await device.sign(prepared)).receipts
    assert await count(a_round) == before + 1
    for path in (f"/documents/{receipts[0]['id']}", "/me/obligations", "/me/access-events", "/me/data"):
        await device._call("GET", path)
    await device._request("GET", f"/documents/{receipts[0]['id']}/file", None)
    assert await count(a_round) == before + 1


async def test_a_document_opened_by_an_office_is_told_to_its_person_once(a_round: OpenedRound) -> None:
    device, receipts = await a_round.signed()
    auditor = await a_round.service.token(Role.AUDITOR)
    path = f"{API}/documents/{receipts[0]['id']}/file"
    for part in ("bytes=0-99", "bytes=100-199"):
        assert (await a_round.service.http.get(path, headers=auditor | {"range": part})).status_code == 206
    assert (await own(device))[0] == ("document_opened", "auditor")
    assert [kind for kind, _ in await own(device)].count("document_opened") == 1
    (seen,) = await events(a_round, kind="document_opened", about=(await who(a_round, device))["id"])
    assert seen["data"]["document"] == receipts[0]["id"]


async def who(a_round: OpenedRound, device: Device) -> dict[str, Any]:
    employee_id = (await device._call("GET", "/me/access-events"))[0]["subject_id"]
    reply = await a_round.service.http.get(f"{API}/employees/{employee_id}", headers=a_round.service.as_admin())
    return reply.json()


async def test_an_auditor_sees_a_nip_masked_until_a_reason_is_written_down(a_round: OpenedRound) -> None:
    device = await a_round.device()
    person = await who(a_round, device)
    auditor = await a_round.service.token(Role.AUDITOR)
    http = a_round.service.http
    masked = (await http.get(f"{API}/employees/{person['id']}", headers=auditor)).json()["nip"]
    assert masked != person["nip"]
    path = f"{API}/employees/{person['id']}/nip-unmaskings"
    assert (await http.post(path, json={"reason": ""}, headers=auditor)).status_code == 422
    assert (await own(device))[0][0] != "nip_unmasked"
    told = await http.post(path, json={"reason": "pemeriksaan laporan 12/2026"}, headers=auditor)
    assert (told.status_code, told.json()["nip"]) == (201, person["nip"])
    assert told.headers["cache-control"] == "no-store"
    newest = (await device._call("GET", "/me/access-events"))[0]
    assert (newest["kind"], newest["role"]) == ("nip_unmasked", "auditor")
    assert newest["data"] == {"reason": "pemeriksaan laporan 12/2026"}


async def test_a_list_of_names_taken_out_is_written_down_and_figures_are_not(a_round: OpenedRound) -> None:
    agency = (await a_round.service.http.get(f"{API}/opd", headers=a_round.service.as_admin())).json()[0]["id"]
    path = f"{API}/rounds/{a_round.id}/recap.csv"
    before = len(await events(a_round, kind="list_exported"))
    assert (await a_round.service.http.get(path, headers=a_round.service.as_admin())).status_code == 200
    assert len(await events(a_round, kind="list_exported")) == before
    named = await a_round.service.http.get(path, params={"annex": agency}, headers=a_round.service.as_admin())
    assert named.status_code == 200
    assert (await events(a_round, kind="list_exported"))[0]["data"]["opd"] == agency


async def test_refused_sign_ins_are_written_down_and_cannot_fill_the_table(a_round: OpenedRound) -> None:
    device = await a_round.device_with_pin()
    nip = (await who(a_round, device))["nip"]
    before = await count(a_round)
    for _ in range(17):
        await stranger(a_round)._call("POST", "/login/pin", {"nip": nip, "pin": "918273"})
    await stranger(a_round)._call("POST", "/login/pin", {"nip": "198501012010012999", "pin": PIN})
    await run_due(a_round.service.held)
    assert await count(a_round) == before + 15
    refused = (await device._call("GET", "/me/access-events"))[0]
    assert (refused["kind"], refused["actor_id"], refused["role"]) == ("login_refused", None, "")


async def test_wrong_birth_dates_are_told_to_the_person(a_round: OpenedRound) -> None:
    code = await a_round.link(a_round.next_nip())
    for _ in range(3):
        await refusal(activate(stranger(a_round), code, OTHER_DAY))
    device = stranger(a_round)
    await activate(device, code)
    await device._call("POST", "/me/pin", {"pin": PIN})
    kinds = [kind for kind, _ in await own(device)]
    assert kinds[:6] == ["pin_set", "activation_used", *["activation_refused"] * 3, "activation_issued"]


async def test_a_list_of_events_is_paged_and_filtered(a_round: OpenedRound) -> None:
    device = await a_round.device()
    person = (await who(a_round, device))["id"]
    seen, path = [], f"{API}/access-events?about={person}&limit=1"
    while path:
        page = await a_round.service.http.get(path, headers=a_round.service.as_admin())
        seen += [one["kind"] for one in page.json()]
        path = page.links.get("next", {}).get("url", "")
    assert seen == ["passkey_added", "activation_used", "activation_issued"]
    now = a_round.service.clock.now()
    assert await events(a_round, about=person, since=(now + timedelta(seconds=1)).isoformat()) == []
    assert len(await events(a_round, about=person, until=(now + timedelta(seconds=1)).isoformat())) == 3
    assert [one["kind"] for one in await events(a_round, by=person)] == ["passkey_added", "activation_used"]


async def test_an_auditor_of_some_agencies_reads_no_events(a_round: OpenedRound) -> None:
    agency = (await a_round.service.http.get(f"{API}/opd", headers=a_round.service.as_admin())).json()[0]["id"]
    scoped = await a_round.service.token(Role.AUDITOR, [agency])
    assert (await a_round.service.http.get(f"{API}/access-events", headers=scoped)).status_code == 403


@pytest.mark.parametrize("statement", ["DELETE FROM access_event", "UPDATE access_event SET role = role"])
async def test_events_cannot_be_rewritten_by_the_service_itself(a_round: OpenedRound, statement: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with a_round.service.held.get(Database).transaction() as session:
            await session.execute(text(statement))


async def test_a_refusal_says_who_asked_for_what_on_standard_output(a_round: OpenedRound) -> None:
    device = await a_round.device()
    (own,) = await device._call("GET", "/me/sessions")
    who = (await a_round.service.token(Role.OPD_ADMIN, []))["authorization"]
    with capture_logs() as lines:
        await a_round.service.http.get(f"{API}/accounts", headers={"authorization": who})
        await refusal(device._call("GET", f"/me/signing-sessions/{own['id']}"))
        await a_round.service.http.get(f"{API}/employees")
    told = [line for line in lines if line["event"] == "request.denied"]
    assert [(one["code"], one["route"], one["caller"] != "") for one in told] == [
        ("identity.not_permitted", "/api/v1/accounts", True),
        ("resource.not_found", "/api/v1/me/signing-sessions/{session_id}", True),
        ("identity.login_needed", "/api/v1/employees", False),
    ]
    assert {one["address"] for one in told} == {"127.0.0.1"}
    assert own["id"] not in str(told)


async def test_access_events_go_to_standard_output_once_they_are_committed_where_that_is_asked_for(
    a_round: OpenedRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = a_round.service.held.get(Database)
    with capture_logs() as lines:
        await a_round.device()
    assert [line for line in lines if line["event"] == "access"] == []
    monkeypatch.setattr(database, "tells", True)
    with capture_logs() as lines:
        device = await a_round.device()
    events = await device._call("GET", "/me/access-events")
    said = [line for line in lines if line["event"] == "access"]
    assert {one["event_id"] for one in said} == {one["id"] for one in events}
    assert set(said[0]) == {"event", "log_level", "kind", "event_id", "actor", "role", "subject", "address"}
    with capture_logs() as lines, suppress(ZeroDivisionError):
        async with database.transaction() as session:
            access.record_own(session, AccessKind.LOGIN, new_id(), now=a_round.service.clock.now())
            raise ZeroDivisionError
    assert lines == []
