"""Administrators' accounts: invitation, passkey, sessions, confirmation, and what a stolen cookie is worth."""

import asyncio
import email
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import Request
from sqlalchemy import text

from app.asn.personal.jobs import delete_expired
from app.core.confinement import confine
from app.core.db import Database, Session
from app.core.limits import Limits, RateLimit
from app.core.permission import CONFIRMED, Permission, Role
from app.core.postgres import LocalPostgres
from app.core.principal import Principal, Scope
from app.device.authenticator import SoftAuthenticator
from app.device.signer import API
from app.identity.edge import authenticate, find_account
from app.signing.act import unb64
from tests.conftest import NOON
from tests.identity.administrator import Administrator, administrator, invite
from tests.identity.role_table import ALLOWED, BODIES, COOKIE_ONLY, NOBODY, PERSON_ONLY
from tests.service import ORIGIN, Service, running_service
from tests.web.visits import SITI, Visit, database_of_a_module

REFUSED, GONE, STRANGER = (403, "account.refused"), (410, "invitation.invalid"), (401, "identity.login_needed")
CONFIRM = (403, "session.confirm")


@pytest.fixture(scope="module")
async def city(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with database_of_a_module(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("accounts"), NOON) as service:
            await service.import_roster()
            yield service


@pytest.fixture(autouse=True)
async def today(city: Service) -> None:
    """Tokens live a day, and the tests of this module let days pass."""
    city.admin = (await city.token(Role.BKPSDM_ADMIN))["authorization"].removeprefix("Bearer ")


async def events(city: Service, account: str) -> list[str]:
    """The kinds of what was written about an account, oldest first."""
    asked = await city.http.get(
        f"{API}/access-events", params={"limit": 1000}, headers=await city.token(Role.BKPSDM_ADMIN)
    )
    return [one["kind"] for one in reversed(asked.json()) if one["data"].get("account") == account]


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
    narrow = replace(city.held.get(Limits), login=RateLimit(2, timer=lambda: 0.0))
    monkeypatch.setitem(city.held._held, Limits, narrow)
    browser, path = Administrator(city), "/invitation/passkey-options"
    tried = [await browser.code("POST", path, {"code": f"{n:026}"}) for n in range(3)]
    assert tried == [GONE, GONE, (429, "request.too_many")]
    assert await browser.code("POST", "/sessions/passkey-options", {}) == (429, "request.too_many")
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


async def test_every_wrong_passkey_is_refused_alike_and_the_right_one_opens(city: Service) -> None:
    admin = await administrator(city)
    browser = admin.another_browser()

    async def refused(passkey: SoftAuthenticator, challenge: bytes | None = None) -> tuple[int, str | None]:
        return await browser.code("POST", "/sessions", passkey.get(challenge or await browser.challenge()))

    assert await refused(SoftAuthenticator(ORIGIN, "localhost")) == REFUSED
    assert await refused(replace(admin.passkey, origin="https://palsu.example", counter=90)) == REFUSED
    assert await refused(replace(admin.passkey, rp_id="palsu.example", counter=90)) == REFUSED
    assert await refused(admin.passkey, bytes(32)) == REFUSED
    assert await browser.code("POST", "/sessions", {"id": "", "rawId": "*", "type": "", "response": {}}) == REFUSED
    stale = await browser.challenge()
    city.clock.advance(timedelta(minutes=5, seconds=1))
    assert await refused(admin.passkey, stale) == REFUSED
    used = await browser.challenge()
    assert await browser.code("POST", "/sessions", admin.passkey.get(used)) == (200, None)
    assert await refused(admin.passkey, used) == REFUSED
    assert (await events(city, admin.account)).count("login_refused") == 2  # what could be told to be of this account


async def test_a_cloned_passkey_whose_counter_goes_back_is_refused(city: Service) -> None:
    admin = await administrator(city)
    clone = replace(admin.passkey)
    await admin.another_browser().sign_in()
    browser = admin.another_browser()
    assert await browser.code("POST", "/sessions", clone.get(await browser.challenge())) == REFUSED
    await admin.another_browser().sign_in()


async def test_a_session_ends_when_it_is_idle_and_after_its_hours(city: Service) -> None:
    admin = await administrator(city)
    city.clock.advance(timedelta(minutes=29))
    await admin.told("GET", "/sessions")
    city.clock.advance(timedelta(minutes=29))
    await admin.told("GET", "/sessions")
    city.clock.advance(timedelta(minutes=30))
    assert await admin.code("GET", "/sessions") == STRANGER
    await admin.sign_in()
    for _ in range(24):
        city.clock.advance(timedelta(minutes=25))
        status, _ = await admin.code("GET", "/sessions")
    assert status == 401
    await admin.sign_in()
    for _ in range(23):
        city.clock.advance(timedelta(minutes=25))
        status, _ = await admin.code("GET", "/sessions")
    assert status == 200


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


async def test_a_stolen_cookie_without_the_csrf_token_changes_nothing(city: Service) -> None:
    admin = await administrator(city)
    before = await admin.told("GET", "/sessions")
    thief = Administrator(city, cookies=dict(admin.cookies))
    for given in ("", "0" * 64, "\xe9"):
        thief.csrf = given.encode("latin-1")  # type: ignore[assignment]
        for method, path, body in (
            ("POST", "/sessions/confirm-options", {}),
            ("DELETE", "/sessions", None),
            ("POST", "/accounts", {"name": "Uji", "email": "x@kota.example", "role": "auditor"}),
        ):
            assert await thief.code(method, path, body) == (403, "request.foreign"), path
    assert len(await admin.told("GET", "/sessions")) == len(before)


async def test_the_cookie_is_out_of_reach_and_every_sign_in_and_confirmation_draws_a_new_one(city: Service) -> None:
    admin = await administrator(city)
    first = dict(admin.cookies)
    reply = await admin.ask("POST", "/sessions", admin.passkey.get(await admin.challenge()))
    admin.csrf = reply.json()["csrf"]
    attributes = set(reply.headers["set-cookie"].split("; "))
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= attributes
    assert await Administrator(city, cookies=first).code("GET", "/sessions") == STRANGER  # the one before has ended
    second, csrf = dict(admin.cookies), admin.csrf
    await admin.confirm()
    assert admin.cookies != second
    assert await Administrator(city, cookies=second, csrf=csrf).code("GET", "/sessions") == STRANGER
    assert len(await admin.told("GET", "/sessions")) == 1


async def test_sessions_are_listed_and_ended_by_their_owner_and_by_an_administrator(city: Service) -> None:
    admin, helper = await administrator(city), await administrator(city, Role.AUDITOR)
    phone = helper.another_browser()
    await phone.sign_in()
    desk = helper.another_browser()
    await desk.sign_in()
    listed = await helper.told("GET", "/sessions")
    assert {one["browser"] for one in listed} == {"Mozilla/5.0 (X11; Linux) Chrome/140"}
    assert [one["current"] for one in listed] == [False, False, True]
    assert await helper.code("DELETE", f"/sessions/{NOBODY}") == (404, "resource.not_found")
    foreign = (await admin.told("GET", "/sessions"))[0]["id"]
    assert await helper.code("DELETE", f"/sessions/{foreign}") == (404, "resource.not_found")
    await helper.told("DELETE", f"/sessions/{listed[0]['id']}")
    assert await desk.code("GET", "/sessions") == STRANGER
    assert await helper.told("DELETE", "/sessions") == {"ended": 1}
    assert await phone.code("GET", "/sessions") == STRANGER
    path = f"/accounts/{helper.account}/sessions"
    assert await helper.code("GET", path) == (403, "identity.not_permitted")
    seen = await admin.told("GET", path)
    assert len(seen) == 1
    assert await admin.code("DELETE", f"{path}/{NOBODY}") == (404, "resource.not_found")
    await admin.told("DELETE", f"{path}/{seen[0]['id']}")
    assert await helper.code("GET", "/sessions") == STRANGER
    await helper.sign_in()
    assert await admin.told("DELETE", path) == {"ended": 1}
    await helper.sign_in()
    mine = next(one["id"] for one in await helper.told("GET", "/sessions") if one["current"])
    await helper.told("DELETE", f"/sessions/{mine}")
    assert await helper.code("GET", "/sessions") == STRANGER


async def test_several_passkeys_open_an_account_and_the_last_stays(city: Service) -> None:
    admin = await administrator(city)
    second = SoftAuthenticator(ORIGIN, "localhost")
    options = await admin.told("POST", "/account-passkeys/options", {})
    assert len(options["excludeCredentials"]) == 1
    answer = second.create(options)
    await admin.told("POST", "/account-passkeys", answer)
    assert await admin.code("POST", "/account-passkeys", answer) == (403, "passkey.refused")  # its challenge is used
    await Administrator(city, second).sign_in()
    options = await admin.told("POST", "/account-passkeys/options", {})
    assert await admin.code("POST", "/account-passkeys", second.create(options)) == (403, "passkey.refused")
    listed = await admin.told("GET", "/account-passkeys")
    await admin.told("DELETE", f"/account-passkeys/{listed[0]['id']}")
    assert await admin.code("POST", "/sessions", admin.passkey.get(await admin.challenge())) == REFUSED
    assert await admin.code("DELETE", f"/account-passkeys/{listed[1]['id']}") == (409, "account.last_passkey")
    assert await admin.code("DELETE", f"/account-passkeys/{NOBODY}") == (404, "resource.not_found")


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


DANGEROUS: list[tuple[Permission, str, str, Any]] = [
    (Permission.ACCOUNT_END, "POST", f"/accounts/{NOBODY}/disable", None),
    (Permission.ACCOUNT_END, "DELETE", f"/accounts/{NOBODY}/sessions", None),
    (Permission.DOCUMENT_VOID, "POST", f"/documents/{NOBODY}/void", {"reason": "naskah keliru"}),
    (Permission.EMPLOYEE_WRITE, "PATCH", f"/employees/{NOBODY}", {"kind": "change", "reason": "pindah surel"}),
    (Permission.EXEMPTION_DECIDE, "POST", f"/exemptions/{NOBODY}/decision", {"state": "refused", "reason": "kurang"}),
    (Permission.LIST_EXPORT, "GET", f"/rounds/{NOBODY}/reminders/handout.csv", None),
    (Permission.LIST_EXPORT, "GET", f"/rounds/{NOBODY}/print.zip", None),
    (Permission.PASSKEY_ADD, "POST", "/account-passkeys/options", {}),
    (Permission.PASSKEY_ADD, "DELETE", f"/account-passkeys/{NOBODY}", None),
    (Permission.ROLE_GRANT, "POST", "/accounts", {"name": "Uji", "email": "u@kota.example", "role": "asn"}),
    (Permission.ROLE_GRANT, "PATCH", f"/accounts/{NOBODY}", {"role": "asn", "agencies": None}),
    (Permission.ROLE_GRANT, "POST", f"/accounts/{NOBODY}/invitation", None),
    (Permission.ROSTER_APPLY, "POST", f"/roster-imports/{NOBODY}/apply", None),
    (Permission.ROSTER_APPLY, "POST", f"/roster-imports/{NOBODY}/undo", None),
    (Permission.ROUND_OPEN, "POST", f"/rounds/{NOBODY}/open", None),
    (Permission.ROUND_OPEN, "POST", f"/rounds/{NOBODY}/close", None),
    (Permission.TOKEN_CREATE, "POST", f"/tokens/{NOBODY}/rotate", None),
    (Permission.TOKEN_CREATE, "DELETE", f"/tokens/{NOBODY}", None),
    (Permission.TOKEN_CREATE, "POST", f"/rounds/{NOBODY}/recap-links", {"name": "Dasbor"}),
]


async def test_every_dangerous_act_asks_a_stale_session_for_the_passkey_again(city: Service) -> None:
    assert {permission for permission, *_ in DANGEROUS} == CONFIRMED
    admin = await administrator(city)
    city.clock.advance(timedelta(minutes=5))
    stale = [(path, await admin.code(method, path, body)) for _, method, path, body in DANGEROUS]
    assert [one for one in stale if one[1] != CONFIRM] == []
    await admin.confirm()
    fresh = [(path, await admin.code(method, path, body)) for _, method, path, body in DANGEROUS]
    assert [one for one in fresh if one[1] in {CONFIRM, STRANGER} or one[1][0] >= 500] == []
    token = await city.token(Role.BKPSDM_ADMIN)
    for _, method, path, body in DANGEROUS:
        reply = await city.http.request(method, f"{API}{path}", json=body, headers=token)
        assert reply.status_code == 204 or reply.json().get("code") != "session.confirm", path


async def test_only_a_passkey_of_this_account_confirms_a_session(city: Service) -> None:
    admin, other = await administrator(city), await administrator(city)
    city.clock.advance(timedelta(minutes=5))

    async def confirmed(passkey: SoftAuthenticator, challenge: bytes) -> tuple[int, str | None]:
        return await admin.code("POST", "/sessions/confirm", passkey.get(challenge))

    options = await admin.told("POST", "/sessions/confirm-options", {})
    assert len(options["credentials"]) == 1
    assert await confirmed(other.passkey, unb64(options["challenge"])) == REFUSED
    assert await confirmed(admin.passkey, unb64(options["challenge"])) == REFUSED  # the challenge is used up
    assert await confirmed(admin.passkey, await admin.challenge()) == REFUSED  # one of signing in is none
    options = await admin.told("POST", "/sessions/confirm-options", {})
    city.clock.advance(timedelta(minutes=5))
    assert await confirmed(admin.passkey, unb64(options["challenge"])) == REFUSED
    assert await admin.code("POST", f"/rounds/{NOBODY}/open") == CONFIRM
    token = await city.token(Role.BKPSDM_ADMIN)
    reply = await city.http.post(f"{API}/sessions/confirm-options", json={}, headers=token)
    assert reply.status_code == 403


async def test_an_account_of_an_agency_sees_that_agency_only_whatever_a_query_forgets(city: Service) -> None:
    agencies = (await city.http.get(f"{API}/opd", headers=await city.token(Role.BKPSDM_ADMIN))).json()
    own = next(one["id"] for one in agencies if one["name"] == "Dinas Kesehatan")
    helper = await administrator(city, Role.OPD_ADMIN, agencies=[own])
    other = await administrator(city, Role.OPD_ADMIN, agencies=[own])
    assert {one["agency_id"] for one in await helper.told("GET", "/employees")} == {own}
    assert [one["id"] for one in await helper.told("GET", "/opd")] == [own]
    city.clock.advance(timedelta(minutes=2))
    assert len(await helper.told("GET", "/sessions")) == 1  # confined, it still sees itself and notes that it was seen
    await helper.confirm()
    options = await helper.told("POST", "/account-passkeys/options", {})
    await helper.told("POST", "/account-passkeys", SoftAuthenticator(ORIGIN, "localhost").create(options))
    await helper.another_browser().sign_in()
    assert await helper.told("DELETE", "/sessions") == {"ended": 1}
    caller = Principal(
        (await other_id(city, helper.account)),
        Role.OPD_ADMIN,
        Scope(frozenset()),
        account_id=await other_id(city, helper.account),
    )
    async with city.held.get(Database).transaction() as session:
        await confine(session, caller)
        for table in ("account", "account_session", "account_passkey"):
            column = "id" if table == "account" else "account_id"
            seen = set((await session.execute(text(f"SELECT {column}::text FROM {table}"))).scalars())
            assert seen == {helper.account}, table
            assert other.account not in seen
        for table in ("account_invitation", "approval", "employee"):
            assert (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0, table


async def test_a_session_opens_exactly_what_a_token_of_its_role_opens(city: Service) -> None:
    agencies = (await city.http.get(f"{API}/opd", headers=city.as_admin())).json()
    helper = await administrator(city, Role.OPD_ADMIN, agencies=[agencies[0]["id"]])
    wrong = []
    for route, allowed in sorted((ALLOWED | {route: set() for route in PERSON_ONLY | COOKIE_ONLY}).items()):
        method, path = route.split(" ")
        body = {"json": {}} | BODIES.get(route, {}) if method in {"POST", "PUT"} else BODIES.get(route, {})
        if "files" in body or "data" in body:
            body = {name: value for name, value in body.items() if name != "json"}
        reply = await helper.ask(method, re.sub(r"\{\w+\}", NOBODY, path), **body)
        hidden = route.startswith("GET /documents") and reply.status_code == 404
        if (reply.status_code in {401, 403} or hidden) is (Role.OPD_ADMIN in allowed) and not hidden:
            wrong.append((route, reply.status_code, reply.text[:100]))
    assert wrong == []


@pytest.mark.parametrize("enter", [authenticate, find_account])
async def test_a_transaction_is_confined_to_the_accounts_agencies_in_the_api_and_on_pages(
    city: Service, enter: Callable[[Request, Session], Awaitable[object]]
) -> None:
    agencies = (await city.http.get(f"{API}/opd", headers=city.as_admin())).json()
    own = next(one["id"] for one in agencies if one["name"] == "Dinas Kesehatan")
    helper = await administrator(city, Role.OPD_ADMIN, agencies=[own])
    cookie = "; ".join(f"{name}={value}" for name, value in helper.cookies.items()).encode()
    asked = {"type": "http", "app": city.app, "method": "GET", "path": "/", "query_string": b"", "client": ("::1", 1)}
    async with city.held.get(Database).transaction() as session:
        assert await enter(Request(asked | {"headers": [(b"cookie", cookie)]}), session) is not None
        unscoped = text("SELECT DISTINCT u.agency_id::text FROM employee e JOIN unit u ON u.id = e.unit_id")
        assert list((await session.execute(unscoped)).scalars()) == [own]


async def other_id(city: Service, account: str) -> Any:
    async with city.held.get(Database).transaction() as session:
        statement = text("SELECT id FROM account WHERE id::text = :id")
        return (await session.execute(statement, {"id": account})).scalar_one()


async def test_one_browser_may_be_a_person_and_an_account_at_once(city: Service) -> None:
    device, admin = await city.device(SITI), await administrator(city)
    both = dict(device._cookies) | admin.cookies
    person = Administrator(city, cookies=dict(both), csrf=device._headers["x-csrf-token"])
    office = Administrator(city, cookies=dict(both), csrf=admin.csrf)
    assert await person.code("GET", "/me/obligations") == (200, None)
    assert await person.code("GET", "/accounts") == (403, "identity.not_permitted")
    assert await office.code("GET", "/accounts") == (200, None)
    assert await office.code("GET", "/me/obligations") == (403, "identity.not_permitted")
    person.csrf = ""  # a plain link: the person's, as ever
    assert await person.code("GET", "/me/obligations") == (200, None)
    assert await person.code("POST", "/sessions/confirm-options", {}) == (403, "request.foreign")


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
