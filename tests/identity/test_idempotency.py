"""Idempotency-Key: done once, answered as often as asked, never to anybody else."""

import asyncio
from datetime import timedelta
from typing import Any

from httpx import Response
from sqlalchemy import text

from app.core.db import Database
from app.core.permission import Role
from app.core.secrets import token_hash
from app.device.signer import API
from app.identity.tokens.form import new_api_token
from tests.signing.opened_round import OpenedRound
from tests.statements import statements


async def post(
    a_round: OpenedRound, key: str, path: str, headers: dict[str, str] | None = None, **body: Any
) -> Response:
    sent = (headers or a_round.service.as_admin()) | {"idempotency-key": key}
    return await a_round.service.http.post(f"{API}{path}", headers=sent, **body)


async def links(a_round: OpenedRound, key: str, nip: str, headers: dict[str, str] | None = None) -> Response:
    person = await a_round.service.person(nip)
    return await post(a_round, key, "/activations", headers, json={"employee_ids": [person["id"]]})


async def scalar(a_round: OpenedRound, query: str) -> Any:
    async with a_round.service.held.get(Database).transaction() as session:
        return (await session.execute(text(query))).scalar_one()


async def test_the_same_request_again_gets_the_same_answer_and_is_done_once(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    first, again = await links(a_round, "k1", nip), await links(a_round, "k1", nip)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content  # the codes too, though they are stored nowhere
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (await links(a_round, "k2", nip)).content != first.content


async def test_the_same_key_with_another_request_is_refused(a_round: OpenedRound) -> None:
    nip, other = a_round.next_nip(), a_round.next_nip()
    await links(a_round, "k3", nip)
    refused = await links(a_round, "k3", other)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency.mismatch")
    elsewhere = await post(a_round, "k3", "/activation-slips", json={})
    assert elsewhere.json()["code"] == "idempotency.mismatch"


async def test_a_key_belongs_to_its_caller(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    first = await links(a_round, "k4", nip)
    other = await links(a_round, "k4", nip, await a_round.service.token(Role.BKPSDM_ADMIN))
    assert other.status_code == 201
    assert other.content != first.content
    assert (await links(a_round, "k4", nip, await a_round.service.token(Role.DASHBOARD))).status_code == 403


async def test_of_two_at_once_one_is_carried_out(a_round: OpenedRound) -> None:
    person = await a_round.service.person(a_round.next_nip())
    body = {"employee_ids": [person["id"]]}
    replies = await asyncio.gather(*(post(a_round, "k5", "/activations", json=body) for _ in range(6)))
    done = [reply for reply in replies if reply.status_code == 201]
    assert len({reply.content for reply in done}) == 1
    assert {reply.json()["code"] for reply in replies if reply not in done} <= {"idempotency.unfinished"}
    assert await scalar(a_round, f"SELECT count(*) FROM activation WHERE employee_id = '{person['id']}'") == 1


async def test_a_refusal_is_not_kept(a_round: OpenedRound) -> None:
    nobody = {"employee_ids": ["00000000-0000-7000-8000-000000000000"]}
    assert (await post(a_round, "k6", "/activations", json=nobody)).status_code == 404
    assert (await links(a_round, "k6", a_round.next_nip())).status_code == 201


async def test_an_answer_that_was_lost_is_not_done_twice(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    await links(a_round, "k7", nip)
    async with a_round.service.held.get(Database).transaction() as session:
        await session.execute(text("UPDATE idempotency_key SET status = NULL, sealed = NULL WHERE key = 'k7'"))
    refused = await links(a_round, "k7", nip)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency.unfinished")


async def test_a_key_is_forgotten_after_a_day(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    first = await links(a_round, "k8", nip)
    clock = a_round.service.clock
    clock.advance(timedelta(hours=23))
    assert (await links(a_round, "k8", nip)).content == first.content
    clock.advance(-timedelta(hours=23))
    async with a_round.service.held.get(Database).transaction() as session:
        await session.execute(
            text("UPDATE idempotency_key SET expires_at = :past WHERE key = 'k8'"),
            {"past": clock.now() - timedelta(seconds=1)},
        )
    assert (await links(a_round, "k8", nip)).content != first.content


async def test_what_is_kept_tells_the_database_nothing(a_round: OpenedRound) -> None:
    reply = await links(a_round, "k9", a_round.next_nip())
    sealed = bytes(await scalar(a_round, "SELECT sealed FROM idempotency_key WHERE key = 'k9'"))
    assert reply.json()[0]["code"].encode() not in sealed
    assert b"content-type" not in sealed


async def test_a_form_with_a_file_is_recognised_though_its_boundary_is_another(a_round: OpenedRound) -> None:
    files = {"file": ("roster.csv", b"NIP,NAMA\n" * 40_000, "text/csv")}
    first = await post(a_round, "k10", "/roster-imports", files=files)
    again = await post(a_round, "k10", "/roster-imports", files=files)
    assert (first.status_code, again.status_code) in {(201, 201), (422, 422)}
    if first.status_code == 201:
        assert first.json()["id"] == again.json()["id"]
    changed = {"file": ("roster.csv", b"NIP,NAMA\n" * 40_001, "text/csv")}
    third = await post(a_round, "k10", "/roster-imports", files=changed)
    assert third.json()["code"] == "idempotency.mismatch" or first.status_code == 422


async def test_a_key_that_is_none_is_refused(a_round: OpenedRound) -> None:
    for key in ("", "k" * 256, "a\tb"):
        refused = await post(a_round, key, "/activations", json={})
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency.key"), key


async def test_strangers_and_dead_credentials_write_no_rows_and_are_shown_no_answer(a_round: OpenedRound) -> None:
    short = await a_round.service.token(Role.BKPSDM_ADMIN)
    nip = a_round.next_nip()
    assert (await links(a_round, "k11", nip, short)).status_code == 201
    device = await a_round.device()
    cookie = {"cookie": "; ".join(f"{k}={v}" for k, v in device._cookies.items())} | device._headers
    assert (await post(a_round, "k12", "/me/passkey-options", cookie, json={})).status_code == 200
    await device._request("POST", "/logout", {})
    made_up = {"authorization": f"Bearer {new_api_token()}"}
    dead = {"cookie": "pakta=" + "x" * 43}
    async with a_round.service.held.get(Database).transaction() as session:
        digest = token_hash(short["authorization"].removeprefix("Bearer "))
        await session.execute(text("UPDATE api_token SET revoked_at = now() WHERE token_hash = :d"), {"d": digest})
    with statements() as seen:
        for headers, key in ((made_up, "k13"), (dead, "k14"), (short, "k11"), (cookie, "k12"), (short, "k15")):
            refused = await post(a_round, key, "/activations", headers, json={"employee_ids": []})
            assert (refused.status_code, refused.json()["code"]) == (401, "identity.login_needed"), key
    assert seen
    assert not [one for one in seen if "idempotency_key" in one]
