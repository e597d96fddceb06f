"""What an account's session may do: dangerous acts ask for the passkey again, its agencies bound it, its role opens what a token of it opens."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Request
from sqlalchemy import text

from app.core.confinement import confine
from app.core.db import Database, Session
from app.core.permission import CONFIRMED, Permission, Role
from app.core.principal import Principal, Scope
from app.device.authenticator import SoftAuthenticator
from app.device.signer import API
from app.identity.edge import authenticate, find_account
from app.signing.act import unb64
from tests.identity.accounts.refusals import CONFIRM, REFUSED, STRANGER
from tests.identity.administrator import administrator
from tests.identity.role_bodies import BODIES, NOBODY
from tests.identity.role_table import ALLOWED, COOKIE_ONLY, PERSON_ONLY
from tests.service import ORIGIN, Service

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
