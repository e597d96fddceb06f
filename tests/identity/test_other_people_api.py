"""Every route against callers who were somebody once, who are somebody else, or whose browser was led there by another site."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core.db import Database
from app.core.permission import Role
from app.device.signer import API, Device
from app.identity import service as identity
from tests.identity.role_bodies import BODIES, NOBODY
from tests.identity.role_table import ALLOWED, COOKIE_ONLY, PERSON_ONLY
from tests.identity.test_activation_api import activate, stranger
from tests.signing.opened_round import OpenedRound

GUARDED = sorted(PERSON_ONLY | COOKIE_ONLY | set(ALLOWED))


@dataclass
class Pair:
    """Somebody, and what another person has, by the name of a path's parameter."""

    device: Device
    theirs: dict[str, str]


@pytest.fixture(scope="module")
async def pair(a_round: OpenedRound) -> Pair:
    other, receipts = await a_round.signed()
    waiting = await a_round.device()
    owed = [one["id"] for one in await waiting.pending()]
    session = (await waiting.open(owed)).session
    theirs = {
        "session_id": session["id"],
        "obligation_id": owed[0],
        "document_id": receipts[0]["id"],
        "act_id": session["id"],
        "round_id": a_round.id,
        "page": "1",
    }
    assert other is not waiting
    return Pair(await a_round.device(), theirs)


async def ask(a_round: OpenedRound, route: str, headers: dict[str, str], ids: dict[str, str], **body: Any) -> Any:
    method, path = route.split(" ")
    for part in [part for part in path.split("/") if "{" in part]:
        name = part.strip("{}").partition("}")[0]
        path = path.replace(f"{{{name}}}", ids.get(name, NOBODY))
    body = body or dict(BODIES.get(route, {})) or ({"json": {}} if method in {"POST", "PUT"} else {})
    reply = await a_round.service.http.request(method, f"{API}{path}", headers=headers, **body)
    a_round.service.http.cookies.clear()
    return reply


def code_of(reply: Any) -> tuple[int, str | None]:
    told = reply.headers.get("content-type") == "application/problem+json"
    return reply.status_code, reply.json()["code"] if told else None


async def test_a_token_that_was_revoked_or_has_expired_opens_no_route(a_round: OpenedRound) -> None:
    service = a_round.service
    callers = {}
    for end in ("revoked_at = now()", "expires_at = '2026-01-01'"):
        async with service.held.get(Database).transaction() as session:
            life, now = timedelta(days=1), service.clock.now()
            token = await identity.create_token(
                session, name=end, role=Role.BKPSDM_ADMIN, agencies=None, life=life, now=now
            )
            await session.flush()
            await session.execute(text(f"UPDATE api_token SET {end} WHERE name = :name"), {"name": end})
        callers[end] = {"authorization": f"Bearer {token}"}
    wrong = [
        (route, end)
        for route in GUARDED
        for end, headers in callers.items()
        if code_of(await ask(a_round, route, headers, {})) != (401, "identity.login_needed")
    ]
    assert wrong == []


async def test_what_another_person_has_answers_as_what_nobody_has(a_round: OpenedRound, pair: Pair) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in pair.device._cookies.items())
    headers = pair.device._headers | {"cookie": cookie}
    nothing = pair.theirs | dict.fromkeys(("session_id", "obligation_id", "document_id", "act_id"), NOBODY)
    documents = {"GET /documents/{document_id}", "GET /documents/{document_id}/file"}
    documents |= {"GET /documents/{document_id}/proof", "GET /documents/{document_id}/pages/{page}.png"}
    wrong, asked = [], 0
    for route in sorted(PERSON_ONLY | documents):
        bodies: list[dict[str, Any]] = [{}, {}]
        if (sent := BODIES.get(route, {}).get("json")) and (own := _naming(sent, NOBODY)):
            name = "document_id" if "document_ids" in own else "obligation_id"
            bodies = [{"json": sent | {own: [pair.theirs[name]]}}, {"json": sent}]
        elif "{" not in route:
            continue
        asked += 1
        there = await ask(a_round, route, headers, pair.theirs, **bodies[0])
        nowhere = await ask(a_round, route, headers, nothing, **bodies[1])
        if code_of(there) != code_of(nowhere) or there.is_success or there.status_code >= 500:
            wrong.append((route, code_of(there), code_of(nowhere)))
    assert wrong == []
    assert asked >= 18


def _naming(body: dict[str, Any], value: str) -> str:
    """The field of a body that lists ids."""
    return next((name for name, given in body.items() if given == [value]), "")


async def test_a_login_without_the_pages_token_changes_nothing_anywhere(a_round: OpenedRound, pair: Pair) -> None:
    cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in pair.device._cookies.items())}
    changing = [route for route in GUARDED if not route.startswith("GET ")]
    answers = {route: code_of(await ask(a_round, route, cookie, pair.theirs)) for route in changing}
    assert {route: told for route, told in answers.items() if told != (403, "request.foreign")} == {}
    assert len(await pair.device.pending()) == 2


async def test_somebody_who_has_not_chosen_a_way_to_sign_in_yet_is_a_stranger_everywhere(a_round: OpenedRound) -> None:
    device = stranger(a_round)
    await activate(device, await a_round.link(a_round.next_nip()))
    cookie = "; ".join(f"{name}={value}" for name, value in device._cookies.items())
    headers = device._headers | {"cookie": cookie}
    wrong = [
        (route, told)
        for route in sorted(PERSON_ONLY | set(ALLOWED))
        if (told := code_of(await ask(a_round, route, headers, {}))) != (401, "identity.login_needed")
    ]
    assert wrong == []
