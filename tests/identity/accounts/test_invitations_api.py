"""Invitations of administrators: made, mailed, taken up, replaced, refused; roles and what is forgotten."""

import asyncio
import email
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.asn.personal.jobs import delete_expired
from app.core.db import Database
from app.core.limits import Limits, RateLimit
from app.core.permission import Role
from app.device.signer import API
from tests.identity.accounts.refusals import GONE, REFUSED, STRANGER
from tests.identity.administrator import Administrator, administrator, events, invite
from tests.identity.role_bodies import NOBODY
from tests.service import ORIGIN, Service
from tests.web.visits import SITI, Visit


async def test_an_invitation_is_taken_up_once_and_signs_in(city: Service) -> None:
    invited = await invite(city)
    assert (len(invited["code"]), invited["account"]["state"]) == (26, "invited")
    assert invited["url"] == f"{ORIGIN}/kantor/undangan/{invited['code']}"
    admin = Administrator(city, account=invited["account"]["id"])
    assert await admin.code("GET", "/sessions") == STRANGER
    await admin.take_up(invited["code"].lower())
    assert (await admin.told("GET", "/accounts", params={"limit": 1}))[0]["state"] == "active"
    late = Administrator(city)
    assert await late.code("POST", "/invitation/passkey-options", {"code": invited["code"]}) == GONE
    assert await late.code("POST", "/invitation/passkey-options", {"code": "0" * 26}) == GONE
    await late.another_browser().code("POST", "/invitation", {"code": invited["code"], "credential": {}})
    browser = admin.another_browser()
    await browser.sign_in()
    assert [one["current"] for one in await browser.told("GET", "/sessions")] == [True, False]
    assert await events(city, admin.account) == [
        "account_invited",
        "passkey_added",
        "account_opened",
        "login",
        "login",
    ]


async def test_the_invitation_comes_by_mail_with_its_link(city: Service) -> None:
    invited = await invite(city)
    async with city.held.get(Database).transaction() as session:
        queued = (await session.execute(text("SELECT string_agg(args::text, '') FROM procrastinate_jobs"))).scalar_one()
    assert "invitation_id" in queued
    assert invited["code"] not in queued
    await city.run_jobs()
    letters = [email.message_from_bytes(path.read_bytes()) for path in (city.folder / "mail").glob("*.eml")]
    sent = [one for one in letters if one["to"] == invited["account"]["email"]]
    body: Any = sent[0].get_payload(decode=True)
    assert invited["url"] in body.decode()


async def test_a_link_ends_after_its_hours_and_with_the_next_one(city: Service) -> None:
    first = await invite(city)
    by = await city.token(Role.BKPSDM_ADMIN)
    again = await city.http.post(f"{API}/accounts/{first['account']['id']}/invitation", headers=by)
    browser = Administrator(city)
    assert await browser.code("POST", "/invitation/passkey-options", {"code": first["code"]}) == GONE
    options = await browser.told("POST", "/invitation/passkey-options", {"code": again.json()["code"]})
    city.clock.advance(timedelta(hours=72))
    taken = {"code": again.json()["code"], "credential": browser.passkey.create(options)}
    assert await browser.code("POST", "/invitation", taken) == GONE


async def test_guessing_is_counted_by_address_and_never_keeps_a_right_code_out(
    city: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, one = RateLimit(2, timer=lambda: 0.0), RateLimit(1, timer=lambda: 0.0)
    monkeypatch.setitem(city.held._held, Limits, replace(city.held.get(Limits), login=few, challenge=one))
    browser, path = Administrator(city), "/invitation/passkey-options"
    tried = [await browser.code("POST", path, {"code": f"{n:026}"}) for n in range(3)]
    assert tried == [GONE, GONE, (429, "request.too_many")]
    challenged = [await browser.code("POST", "/sessions/passkey-options", {}) for _ in range(2)]
    assert challenged == [(200, None), (429, "request.too_many")]
    invited = await invite(city)
    assert await browser.code("POST", path, {"code": invited["code"]}) == (200, None)
    assert (await Visit(city.http).get("/kantor/undangan/0")).status_code == 429


async def test_a_new_link_replaces_lost_passkeys_and_ends_their_sessions(city: Service) -> None:
    admin = await administrator(city)
    by = await city.token(Role.BKPSDM_ADMIN)
    renewed = (await city.http.post(f"{API}/accounts/{admin.account}/invitation", headers=by)).json()
    await admin.told("GET", "/sessions")  # until it is taken up, nothing changes
    fresh = Administrator(city)
    await fresh.take_up(renewed["code"])
    assert await admin.code("GET", "/sessions") == STRANGER
    assert await admin.code("POST", "/sessions", admin.passkey.get(await admin.challenge())) == REFUSED
    assert len(await fresh.told("GET", "/account-passkeys")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "asn"},
        {"role": "opd_admin"},
        {"role": "head", "agencies": []},
        {"role": "auditor", "agencies": [NOBODY]},
    ],
)
async def test_a_role_and_a_scope_that_do_not_fit_are_refused(city: Service, wrong: dict[str, Any]) -> None:
    body = {"name": "Uji", "email": "salah@kota.example"} | wrong
    reply = await city.http.post(f"{API}/accounts", json=body, headers=await city.token(Role.BKPSDM_ADMIN))
    assert (reply.status_code, reply.json()["code"]) == (422, "account.scope")


async def test_an_address_and_an_employee_have_one_account(city: Service) -> None:
    by, person = await city.token(Role.BKPSDM_ADMIN), await city.person(SITI)
    body = {"name": "Siti", "email": "Siti@Kota.example", "role": "auditor", "employee_id": person["id"]}
    made = await city.http.post(f"{API}/accounts", json=body, headers=by)
    assert made.json()["account"]["email"] == "siti@kota.example"
    for other in ({"email": "siti@kota.EXAMPLE", "employee_id": None}, {"email": "lain@kota.example"}):
        reply = await city.http.post(f"{API}/accounts", json=body | other, headers=by)
        assert (reply.status_code, reply.json()["code"]) == (409, "account.exists")
    await city.http.post(f"{API}/accounts/{made.json()['account']['id']}/disable", headers=by)
    again = await city.http.post(f"{API}/accounts", json=body, headers=by)
    assert again.json()["account"]["id"] == made.json()["account"]["id"]
    assert again.json()["account"]["state"] == "invited"


async def test_of_two_invitations_to_one_address_at_once_one_is_made(city: Service) -> None:
    by = await city.token(Role.BKPSDM_ADMIN)
    body = {"name": "Uji", "email": "serentak@kota.example", "role": "auditor"}
    asked = [city.http.post(f"{API}/accounts", json=body, headers=by) for _ in range(4)]
    assert sorted(reply.status_code for reply in await asyncio.gather(*asked)) == [201, 409, 409, 409]


async def test_a_disabled_account_is_out_at_once_and_for_good(city: Service) -> None:
    admin = await administrator(city)
    by = await city.token(Role.BKPSDM_ADMIN)
    for _ in range(2):  # asked for again it changes nothing
        closed = await city.http.post(f"{API}/accounts/{admin.account}/disable", headers=by)
        assert closed.json()["state"] == "disabled"
    assert await admin.code("GET", "/rounds") == STRANGER
    assert await admin.code("POST", "/sessions", admin.passkey.get(await admin.challenge())) == REFUSED
    for method, path, body in (
        ("PATCH", "", {"role": "auditor", "agencies": None}),
        ("POST", "/invitation", None),
    ):
        reply = await city.http.request(method, f"{API}/accounts/{admin.account}{path}", json=body, headers=by)
        assert (reply.status_code, reply.json()["code"]) == (409, "account.disabled")
    assert (await events(city, admin.account)).count("account_disabled") == 1


async def test_a_granted_role_ends_the_sessions_and_nobody_changes_the_own_account(city: Service) -> None:
    admin, helper = await administrator(city), await administrator(city, Role.AUDITOR)
    wanted = {"role": "dashboard", "agencies": None}
    assert (await admin.told("PATCH", f"/accounts/{helper.account}", wanted))["role"] == "dashboard"
    assert await helper.code("GET", "/sessions") == STRANGER
    await helper.sign_in()
    assert await helper.code("GET", "/employees") == (403, "identity.not_permitted")
    for method, path, body in (
        ("PATCH", "", wanted),
        ("POST", "/disable", None),
        ("POST", "/invitation", None),
    ):
        assert await admin.code(method, f"/accounts/{admin.account}{path}", body) == (403, "account.own")
    assert "role_granted" in await events(city, helper.account)


async def test_lists_are_paged_to_their_end(city: Service) -> None:
    admin = await administrator(city)
    for _ in range(2):
        await invite(city)
        await admin.another_browser().sign_in()
    for path in ("/accounts", "/sessions", f"/accounts/{admin.account}/sessions"):
        whole = [one["id"] for one in await admin.told("GET", path, params={"limit": 1000})]
        seen, more = [], {"limit": 2}
        while more:
            reply = await admin.ask("GET", path, params=more)
            assert len(reply.json()) <= 2
            seen += [one["id"] for one in reply.json()]
            more = dict(httpx.URL(reply.links["next"]["url"]).params) if "next" in reply.links else {}
        assert seen == whole, path
        assert len(whole) >= 3


async def test_the_same_request_again_with_a_key_invites_once(city: Service) -> None:
    admin = await administrator(city)
    body = {"name": "Uji", "email": "sekali@kota.example", "role": "auditor"}
    keyed = {"headers": {"idempotency-key": "undang-1"}}
    first = await admin.told("POST", "/accounts", body, **keyed)
    assert await admin.told("POST", "/accounts", body, **keyed) == first


async def test_sessions_and_invitations_are_forgotten_in_time_and_accounts_are_not(city: Service) -> None:
    admin = await administrator(city)

    async def kept(table: str, column: str) -> int:
        async with city.held.get(Database).transaction() as session:
            counted = text(f"SELECT count(*) FROM {table} WHERE {column}::text = :id")
            return (await session.execute(counted, {"id": admin.account})).scalar_one()

    city.clock.advance(timedelta(days=179))
    await delete_expired.body(city.held)
    tables = ("account_session", "account_invitation", "account_passkey")
    assert [await kept(table, "account_id") for table in tables] == [1, 1, 1]
    city.clock.advance(timedelta(days=5))
    await delete_expired.body(city.held)
    assert [await kept(table, "account_id") for table in tables] == [0, 0, 1]
    assert await kept("account", "id") == 1
