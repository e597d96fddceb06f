"""Schedules, waves, deliveries, the handed-out list and the stop of everything over the API."""

import base64
import csv
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core.db import Database
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.service import PEOPLE
from tests.signing.opened_round import OpenedRound, opened_round

NOBODY = "00000000-0000-7000-8000-000000000000"
ANITA = "P9,199203032015032009,ANITA,,,03-03-1992,F,,,PNS Daerah,01,P,III/b,4,Staf,A1,Dinas Kesehatan,99"


@pytest.fixture(scope="module")
async def city(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    """Six people, four of them pending, two of those without a mail address."""
    async with opened_round(postgres, tmp_path_factory.mktemp("reminders"), PEOPLE) as opened:
        yield opened


async def call(city: OpenedRound, method: str, path: str, headers: Any = None, **more: Any) -> Any:
    reply = await city.service.http.request(method, f"{API}{path}", headers=headers or city.service.as_admin(), **more)
    if reply.status_code >= 300:
        return reply.status_code, reply.json()["code"]
    return reply.json() if reply.content else None


async def get_all(city: OpenedRound, path: str, headers: Any = None, **params: Any) -> list[Any]:
    """Return all pages of a list, one row a page."""
    found, url = [], f"{API}{path}"
    asked: dict[str, Any] | None = params | {"limit": 1}
    while True:
        reply = await city.service.http.get(url, params=asked, headers=headers or city.service.as_admin())
        assert reply.status_code == 200, reply.text
        assert len(reply.json()) <= 1
        found += reply.json()
        if "next" not in reply.links:
            return found
        url, asked = reply.links["next"]["url"], None


async def test_a_schedule_is_that_of_the_settings_until_somebody_sets_another(city: OpenedRound) -> None:
    path = f"/rounds/{city.id}/reminders"
    read = await call(city, "GET", path)
    assert (read["own"], read["automatic"], read["channels_available"]) == (
        False,
        False,
        ["mail"],
    )  # a folder reaches nobody
    assert (read["plan"]["every_days"], read["plan"]["last_days"], read["plan"]["quiet_from"]) == (7, 3, "20:00:00")
    assert {wave["kind"] for wave in read["coming"]} == {"last", "escalation", "recap"}
    changed = await call(city, "PUT", path, json=read["plan"] | {"last_days": 1, "at": "10:30", "most_per_day": 5})
    assert changed["own"]
    assert [wave["due_at"] for wave in changed["coming"] if wave["kind"] == "last"] == ["2026-11-30T03:30:00Z"]
    assert await call(city, "GET", path) == changed
    assert await call(city, "PUT", path, json={"at": "21:00"}) == (422, "reminder.quiet_always")
    assert await call(city, "PUT", path, json={"channels": ["fax"]}) == (422, "request.malformed")
    assert await call(city, "GET", f"/rounds/{NOBODY}/reminders") == (404, "resource.not_found")


async def test_a_wave_is_made_listed_and_told_message_by_message_to_each_in_their_scope(city: OpenedRound) -> None:
    path = f"/rounds/{city.id}/reminders"
    shown = await get_all(city, f"{path}/preview")
    wave = await call(city, "POST", f"{path}/waves", json={})
    await city.service.run_jobs()
    (listed,) = [one for one in await get_all(city, f"{path}/waves") if one["id"] == wave["id"]]
    assert (listed["kind"], listed["state"], listed["counts"]) == ("manual", "done", {"sent": 2, "skipped": 2})
    told = await get_all(city, f"/reminder-waves/{wave['id']}/deliveries")
    assert {(one["employee_id"], one["channel"]) for one in told} == {(o["employee_id"], o["channel"]) for o in shown}
    assert {one["address"] for one in told} == {"s***@malangkota.example", "b***@malangkota.example", ""}
    assert len(list((city.service.folder / "mail").glob("*.eml"))) == 2
    agencies = {a["name"]: a["id"] for a in await call(city, "GET", "/opd")}
    own = await city.service.token(Role.OPD_ADMIN, [agencies["Inspektorat Daerah"]])
    mine = await get_all(city, f"/reminder-waves/{wave['id']}/deliveries", own)
    assert [one["agency_id"] for one in mine] == [agencies["Inspektorat Daerah"]]
    assert {one["agency_id"] for one in await get_all(city, f"{path}/preview", own)} == {agencies["Inspektorat Daerah"]}
    (seen,) = [one for one in await get_all(city, f"{path}/waves", own) if one["id"] == wave["id"]]
    assert seen["counts"] == {"sent": 1}
    assert await call(city, "POST", f"{path}/waves", own, json={}) == (403, "identity.not_permitted")
    assert await call(city, "POST", f"/reminder-waves/{wave['id']}/cancel") == (409, "reminder.wave_over")


async def test_a_bounce_is_recorded_and_the_message_can_be_sent_again_on_purpose(city: OpenedRound) -> None:
    city.service.clock.advance(timedelta(minutes=1))
    wave = await call(city, "POST", f"/rounds/{city.id}/reminders/waves", json={})
    await city.service.run_jobs()
    sent = (await call(city, "GET", f"/reminder-waves/{wave['id']}/deliveries?state=sent"))[0]
    skipped, _ = await call(city, "GET", f"/reminder-waves/{wave['id']}/deliveries?state=skipped")
    path = f"/reminder-deliveries/{sent['id']}"
    assert await call(city, "POST", f"{path}/resend") == (409, "reminder.not_resendable")
    assert await call(city, "POST", f"/reminder-deliveries/{skipped['id']}/bounce", json={}) == (
        409,
        "reminder.not_sent",
    )
    bounced = await call(city, "POST", f"{path}/bounce", json={"reason": "550 mailbox gone"})
    assert (bounced["state"], bounced["detail"]) == ("bounced", "550 mailbox gone")
    assert (await call(city, "POST", f"{path}/resend"))["state"] == "waiting"
    await city.service.run_jobs()
    found = await call(city, "GET", f"/reminder-waves/{wave['id']}/deliveries?state=sent")
    assert next(one for one in found if one["id"] == sent["id"])["resent_at"]
    letters = [path.read_text() for path in (city.service.folder / "mail").glob("*.eml")]
    assert sum(f"<{sent['id']}@" in letter for letter in letters) == 2


async def test_a_wave_to_come_is_cancelled_and_everything_can_be_stopped(city: OpenedRound) -> None:
    path = f"/rounds/{city.id}/reminders/waves"
    city.service.clock.advance(timedelta(minutes=1))
    later = (city.service.clock.now() + timedelta(hours=2)).isoformat()
    wave = await call(city, "POST", path, json={"at": later})
    assert (await call(city, "POST", path, json={"at": later}))["id"] == wave["id"]
    assert (await call(city, "POST", f"/reminder-waves/{wave['id']}/cancel"))["state"] == "cancelled"
    assert await call(city, "POST", path, json={"at": "2027-01-01T00:00:00Z"}) == (409, "reminder.too_late")
    stopped = await call(city, "PUT", "/reminders/pause", json={"paused": True, "reason": "salah naskah"})
    assert (stopped["paused"], stopped["reason"]) == (True, "salah naskah")
    wave = await call(city, "POST", path, json={})
    await city.service.run_jobs()
    assert (await call(city, "GET", f"/reminder-waves/{wave['id']}/deliveries")) == []
    assert (await call(city, "PUT", "/reminders/pause", json={"paused": False}))["paused"] is False
    await city.service.run_jobs()
    assert await call(city, "GET", f"/reminder-waves/{wave['id']}/deliveries")


async def test_recipients_are_named_by_agency_or_for_all(city: OpenedRound) -> None:
    agency = (await call(city, "GET", "/opd"))[0]["id"]
    body = {"name": "Admin OPD", "email": "admin@malangkota.example", "agency_id": agency}
    made = await call(city, "POST", "/reminder-recipients", json=body)
    sekda = await call(city, "POST", "/reminder-recipients", json=body | {"agency_id": None, "name": "Sekda"})
    assert [one["id"] for one in await get_all(city, "/reminder-recipients")] == [made["id"], sekda["id"]]
    assert await call(city, "POST", "/reminder-recipients", json=body | {"agency_id": NOBODY}) == (
        404,
        "resource.not_found",
    )
    assert await call(city, "POST", "/reminder-recipients", json=body | {"email": "bukan"}) == (
        422,
        "request.malformed",
    )
    assert await call(city, "DELETE", f"/reminder-recipients/{made['id']}") is None
    assert await call(city, "DELETE", f"/reminder-recipients/{made['id']}") == (404, "resource.not_found")


async def test_the_handed_out_list_runs_nothing_in_a_spreadsheet_and_can_be_printed(
    postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with opened_round(postgres, tmp_path_factory.mktemp("handout"), [*PEOPLE, ANITA]) as city:
        async with city.service.held.get(Database).transaction() as session:
            await session.execute(text("""UPDATE participant SET printed = printed || '{"position": "@SUM(1)"}'"""))
        path = f"{API}/rounds/{city.id}/reminders/handout"
        listed = await get_all(city, f"/rounds/{city.id}/reminders/handout")
        assert {one["cause"] for one in listed} == {"no_address"}
        assert [one["nip"] for one in listed] == ["199203032015032009", "198802022023211004", "199003032015032003"]
        sheet = (await city.service.http.get(f"{path}.csv", headers=city.service.as_admin())).text
        rows = list(csv.reader(io.StringIO(sheet)))
        assert len(rows) == 1 + len(listed)
        assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))] == []
        assert any(cell == "'@SUM(1)" for row in rows for cell in row)
        page = await city.service.http.get(f"{path}.html", headers=city.service.as_admin())
        assert page.headers["content-type"].startswith("text/html")
        assert page.text.count("<tr>") == 1 + len(listed)
        style = page.text.partition("<style>")[2].partition("</style>")[0]
        allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{allowed}'" in page.headers["content-security-policy"]
        auditor = await city.service.token(Role.AUDITOR)
        masked = (await city.service.http.get(f"{path}.csv", headers=auditor)).text
        assert "199203032015032009" in sheet
        assert "199203032015032009" not in masked
        agencies = {a["name"]: a["id"] for a in await call(city, "GET", "/opd")}
        other = await city.service.token(Role.OPD_ADMIN, [agencies["Inspektorat Daerah"]])
        assert await get_all(city, f"/rounds/{city.id}/reminders/handout", other) == []
        assert await get_all(city, f"/rounds/{city.id}/reminders/handout", other, opd=agencies["Dinas Kesehatan"]) == []


async def test_a_stranger_cannot_tell_of_messages(city: OpenedRound) -> None:
    for headers in ({"x": "y"}, {"authorization": "Bearer salah"}):
        reply = await call(city, "POST", "/reminder-callbacks/sms", headers, json={"id": "1", "status": "failed"})
        assert reply == (401, "reminder.callback_refused")
    assert (await call(city, "POST", "/reminder-callbacks/fax", {"x": "y"}, json={}))[0] == 422
