"""API tokens: their form, their use, their rotation, their limits."""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.core.db import Database
from app.core.ids import new_code
from app.core.limits import Limits, RateLimit
from app.core.permission import Role
from app.core.secrets import new_token, token_hash
from app.device.signer import API
from app.identity.tokens.form import PREFIX, checksum, is_well_formed, new_api_token
from tests.signing.opened_round import OpenedRound
from tests.statements import statements


def test_a_token_has_the_documented_form() -> None:
    assert re.fullmatch(r"pakta_[0-9A-Za-z]{49}", new_api_token())
    assert checksum("123456789") == "3jZRME"  # the check value of CRC-32, 0xCBF43926


@given(st.integers(6, 54), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
def test_a_slip_of_the_pen_is_no_token(place: int, letter: str) -> None:
    token = new_api_token()
    changed = token[:place] + letter + token[place + 1 :]
    assert is_well_formed(changed) is (changed == token)


@given(st.text(max_size=80))
def test_nothing_else_is_a_token(given_text: str) -> None:
    assert not is_well_formed(given_text)


def test_tokens_made_before_stay_well_formed() -> None:
    assert is_well_formed(new_token("pakta_"))


async def read(a_round: OpenedRound, headers: dict[str, str]) -> int:
    return (await a_round.service.http.get(f"{API}/rounds", headers=headers)).status_code


async def tokens(a_round: OpenedRound) -> list[dict[str, Any]]:
    reply = await a_round.service.http.get(f"{API}/tokens", params={"limit": 1000}, headers=a_round.service.as_admin())
    assert reply.status_code == 200, reply.text
    assert a_round.service.admin not in reply.text
    return reply.json()


async def newest(a_round: OpenedRound) -> dict[str, Any]:
    return (await tokens(a_round))[0]


async def test_a_token_that_cannot_be_one_asks_no_database(a_round: OpenedRound) -> None:
    good = (await a_round.service.token(Role.DASHBOARD))["authorization"]
    wrong = good[:-1] + ("a" if good[-1] != "a" else "b")
    with statements() as asked:
        assert await read(a_round, {"authorization": wrong}) == 401
    assert not [statement for statement in asked if "api_token" in statement]
    with statements() as asked:
        assert await read(a_round, {"authorization": good}) == 200
    assert [statement for statement in asked if "FROM api_token" in statement]


async def test_an_old_token_without_a_checksum_still_opens(a_round: OpenedRound) -> None:
    headers = await a_round.service.token(Role.DASHBOARD)
    old = new_token("pakta_")
    async with a_round.service.held.get(Database).transaction() as session:
        await session.execute(
            text("UPDATE api_token SET token_hash = :old WHERE token_hash = :new"),
            {"old": token_hash(old), "new": token_hash(headers["authorization"].removeprefix("Bearer "))},
        )
    assert await read(a_round, headers) == 401
    assert await read(a_round, {"authorization": f"Bearer {old}"}) == 200


async def test_the_last_use_is_written_at_most_once_a_minute(a_round: OpenedRound) -> None:
    headers, clock = await a_round.service.token(Role.DASHBOARD), a_round.service.clock
    assert (await newest(a_round))["last_used_at"] is None
    first = clock.now()
    assert await read(a_round, headers) == 200
    clock.advance(timedelta(seconds=59))
    assert await read(a_round, headers) == 200
    used = (await newest(a_round))["last_used_at"]
    assert used == first.isoformat().replace("+00:00", "Z")
    clock.advance(timedelta(seconds=2))
    assert await read(a_round, headers) == 200
    assert (await newest(a_round))["last_used_at"] == clock.now().isoformat().replace("+00:00", "Z")


async def test_whoever_revokes_a_token_does_not_wait_for_a_request_that_uses_it(a_round: OpenedRound) -> None:
    headers = await a_round.service.token(Role.DASHBOARD)
    token_id = (await newest(a_round))["id"]
    async with a_round.service.held.get(Database).transaction() as session:
        await session.execute(
            text("UPDATE api_token_use SET last_used_at = now() WHERE token_id = :id"), {"id": token_id}
        )
        assert await read(a_round, headers) == 200  # neither waits for the row that is being written
        path = f"{API}/tokens/{token_id}"
        assert (await a_round.service.http.delete(path, headers=a_round.service.as_admin())).status_code == 204
    assert await read(a_round, headers) == 401


async def test_a_rotated_token_opens_with_both_secrets_for_a_day(a_round: OpenedRound) -> None:
    service = a_round.service
    first = await service.token(Role.DASHBOARD)
    async with service.held.get(Database).transaction() as session:
        await session.execute(text("UPDATE api_token SET expires_at = expires_at + interval '30 days'"))
    token_id = (await newest(a_round))["id"]
    path = f"{API}/tokens/{token_id}/rotate"
    rotated = await service.http.post(path, headers=service.as_admin())
    assert rotated.status_code == 200, rotated.text
    second = {"authorization": f"Bearer {rotated.json()['token']}"}
    assert rotated.json()["id"] == token_id
    assert [await read(a_round, one) for one in (first, second)] == [200, 200]
    third = {"authorization": f"Bearer {(await service.http.post(path, headers=service.as_admin())).json()['token']}"}
    assert [await read(a_round, one) for one in (first, second, third)] == [401, 200, 200]
    service.clock.advance(timedelta(hours=24, seconds=1))
    try:
        assert [await read(a_round, one) for one in (second, third)] == [401, 200]
        revoked = await service.http.delete(f"{API}/tokens/{token_id}", headers=service.as_admin())
        assert revoked.status_code == 204
        assert await read(a_round, third) == 401
        again = await service.http.post(path, headers=service.as_admin())
        assert (again.status_code, again.json()["code"]) == (409, "token.over")
    finally:
        service.clock.advance(-timedelta(hours=24, seconds=1))


async def test_what_became_of_a_token_is_written_down(a_round: OpenedRound) -> None:
    service = a_round.service
    await service.token(Role.AUDITOR)
    token_id = (await newest(a_round))["id"]
    await service.http.post(f"{API}/tokens/{token_id}/rotate", headers=service.as_admin())
    await service.http.delete(f"{API}/tokens/{token_id}", headers=service.as_admin())
    seen = (await service.http.get(f"{API}/access-events", params={"limit": 3}, headers=service.as_admin())).json()
    assert [one["kind"] for one in seen] == ["token_revoked", "token_rotated", "role_granted"]
    assert {one["data"]["token"] for one in seen} == {token_id}
    assert seen[2]["data"]["role"] == "auditor"


async def test_the_limit_stands_in_every_answer_and_in_the_refusal(
    a_round: OpenedRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = a_round.service.held.get(Limits)
    narrow = Limits(limits.login, limits.verification, RateLimit(2, policy="token", timer=lambda: 0.0), limits.person)
    monkeypatch.setitem(a_round.service.held._held, Limits, narrow)
    headers = await a_round.service.token(Role.DASHBOARD)
    replies = [await a_round.service.http.get(f"{API}/rounds", headers=headers) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert {reply.headers["ratelimit-policy"] for reply in replies} == {'"token";q=2;w=60'}
    assert [reply.headers["ratelimit"] for reply in replies] == [
        '"token";r=1;t=30',
        '"token";r=0;t=60',
        '"token";r=0;t=60',
    ]
    assert replies[2].headers["retry-after"] == "31"
    other = await a_round.service.token(Role.DASHBOARD)
    assert await read(a_round, other) == 200


async def test_a_persons_limit_is_their_own(a_round: OpenedRound) -> None:
    device = await a_round.device()
    reply = await device._request("GET", "/me/obligations", None)
    assert reply.headers["ratelimit-policy"] == '"person";q=300;w=60'


def test_tokens_links_and_cookies_cannot_be_guessed_at_any_rate() -> None:
    """Judged 5,000 a second for a whole day, as if there was no limit and no other work: against each of a million at once."""
    judged = 5_000 * 86_400 * 10**6
    for values in (62 ** (len(new_api_token()) - len(PREFIX) - 6), 32 ** len(new_code()), 64 ** len(new_token())):
        assert judged / values < 1e-15
