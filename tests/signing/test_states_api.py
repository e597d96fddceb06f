"""Restart, expiry, sessions that give way to others, rounds that close, and a store that fails."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.core.blobs import LocalBlobStore
from app.core.postgres import LocalPostgres
from app.device.signer import API, ServerRefusal, form_parts
from tests.signing.acts import (
    BOTH_ONCE,
    NOTHING,
    OPEN,
    certified,
    certify,
    count,
    hand_in,
    kept,
    make_act,
    refusal,
    restart,
    signatures,
)
from tests.signing.opened_round import OpenedRound, opened_round, person_row


async def test_a_restart_gives_a_new_nonce_over_the_same_documents(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    body = await certified(device, prepared)
    again = await restart(device, prepared)
    assert again.session["nonce"] != prepared.session["nonce"]
    assert again.session["documents"] == prepared.session["documents"]
    assert await refusal(hand_in(device, prepared, body)) == (409, "session.state")
    await certified(device, again)
    assert await refusal(hand_in(device, prepared, body)) == (422, "signature.invalid")
    abandoned = "SELECT count(*) FROM signing_evidence WHERE session_id = :id AND abandoned"
    assert await count(a_round.service, abandoned, id=prepared.session["id"]) == 1


async def test_a_session_restarts_five_times_and_no_more(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    nonces = {prepared.session["nonce"]}
    for _ in range(5):
        await certified(device, prepared)
        prepared = await restart(device, prepared)
        nonces.add(prepared.session["nonce"])
    assert len(nonces) == 6
    body = await certified(device, prepared)
    assert await refusal(restart(device, prepared)) == (429, "session.too_many_restarts")
    assert len(await hand_in(device, prepared, body)) == 2


async def test_only_a_certified_session_restarts(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    assert await refusal(restart(device, prepared)) == (409, "session.state")
    await device.sign(prepared)
    assert await refusal(restart(device, prepared)) == (409, "session.state")


async def test_opening_again_returns_the_live_session(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    _, again = await a_round.prepared(device)
    assert again.session == prepared.session
    body = await certified(device, prepared)
    owed = [o["id"] for o in await device.pending()]
    third = await device._call("POST", OPEN, {"obligation_ids": owed})
    assert (third["id"], third["state"], third["nonce"]) == (prepared.session["id"], "certified", None)
    assert len(await hand_in(device, prepared, body)) == 2


async def test_opening_for_other_documents_abandons_the_live_session(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    body = await certified(device, prepared)
    owed = [o["id"] for o in await device.pending()]
    single = await device.open(owed[:1])
    assert single.session["id"] != prepared.session["id"]
    assert await refusal(hand_in(device, prepared, body)) == (409, "session.state")
    assert await refusal(certify(device, prepared, make_act(device, prepared).request)) == (409, "session.state")
    assert (await device._call("GET", f"{OPEN}/{prepared.session['id']}"))["state"] == "abandoned"
    assert len((await device.sign(single)).receipts) == 1
    rest = await device.open([o["id"] for o in await device.pending()])
    assert len((await device.sign(rest)).receipts) == 1
    assert await kept(a_round.service, single) | {"counted": 2} == dict.fromkeys(BOTH_ONCE, 1) | {"counted": 2}


async def test_asking_for_an_obligation_twice_prepares_it_once(a_round: OpenedRound) -> None:
    device = await a_round.device()
    owed = [o["id"] for o in await device.pending()]
    opened = await device._call("POST", OPEN, {"obligation_ids": [*owed, *owed]})
    assert len(opened["documents"]) == 2
    assert len((await device.sign(await device.fetch(opened))).receipts) == 2


async def test_a_session_and_its_bundle_come_in_one_answer_or_one_after_the_other(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    own = f"{OPEN}/{prepared.session['id']}"
    bundle = await device._bytes(f"{own}/bundle")
    described = await device._call("GET", own)
    for method, path, body in (
        ("GET", own, None),
        ("POST", OPEN, {"obligation_ids": [o["id"] for o in await device.pending()]}),
    ):
        answer = await device._request(method, path, body, {"accept": "text/html, multipart/form-data;q=0.5"})
        told, octets = form_parts(answer.content)
        assert octets == bundle
        assert json.loads(told) | {"expires_in": 0} == described | {"expires_in": 0}


async def test_a_session_that_is_too_old_certifies_and_signs_nothing(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    second, others = await a_round.prepared()
    a_round.service.clock.advance(timedelta(minutes=6))
    body = await certified(second, others)
    a_round.service.clock.advance(timedelta(minutes=9, seconds=1))
    own = f"{OPEN}/{prepared.session['id']}"
    assert await refusal(certify(device, prepared, make_act(device, prepared).request)) == (410, "session.expired")
    assert await refusal(device._call("POST", f"{own}/code", {})) == (410, "session.expired")
    assert await refusal(hand_in(second, others, body)) == (410, "session.expired")
    assert await refusal(restart(second, others)) == (410, "session.expired")
    assert (await device._call("GET", own))["expires_in"] == 0
    assert await kept(a_round.service, others) == NOTHING
    _, fresh = await a_round.prepared(device)
    assert fresh.session["id"] != prepared.session["id"]
    assert len((await device.sign(fresh)).receipts) == 2


async def test_a_certificate_that_is_over_signs_nothing_until_a_restart(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    body = await certified(device, prepared)
    a_round.service.clock.advance(timedelta(minutes=10, seconds=1))
    assert await refusal(hand_in(device, prepared, body)) == (410, "certificate.expired")
    again = await restart(device, prepared)
    assert len((await device.sign(again)).receipts) == 2


async def test_two_tabs_at_once_get_one_session_one_certificate_and_one_set_of_receipts(a_round: OpenedRound) -> None:
    device = await a_round.device()
    owed = {"obligation_ids": [o["id"] for o in await device.pending()]}
    first, second = await asyncio.gather(*(device._call("POST", OPEN, owed) for _ in range(2)))
    assert first == second
    prepared = await device.fetch(first)
    made = make_act(device, prepared)
    answers = await asyncio.gather(*(certify(device, prepared, made.request) for _ in range(3)))
    assert answers[0] == answers[1] == answers[2]
    body = signatures(made, prepared, answers[0])
    receipts = await asyncio.gather(*(hand_in(device, prepared, body) for _ in range(3)))
    assert receipts[0] == receipts[1] == receipts[2]
    assert await kept(a_round.service, prepared) == BOTH_ONCE


async def test_of_two_keys_at_once_one_is_certified(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    calls = (certify(device, prepared, make_act(device, prepared).request) for _ in range(2))
    answers = await asyncio.gather(*calls, return_exceptions=True)
    refused = [a for a in answers if isinstance(a, ServerRefusal)]
    assert [(r.status, r.code) for r in refused] == [(409, "session.state")]


async def test_a_store_that_fails_loses_nothing_and_signs_nothing(
    a_round: OpenedRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, prepared = await a_round.prepared()
    body = await certified(device, prepared)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(LocalBlobStore, "_put", full)
        status, _ = await refusal(hand_in(device, prepared, body))
    assert status in {500, 503}
    assert await kept(a_round.service, prepared) == NOTHING
    assert len(await hand_in(device, prepared, body)) == 2
    assert await kept(a_round.service, prepared) == BOTH_ONCE


@pytest.fixture
async def closing(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    people = [person_row(n) for n in range(1, 6)]
    async with opened_round(postgres, tmp_path_factory.mktemp("closing"), people) as opened:
        yield opened


async def test_nothing_is_signed_in_a_round_that_has_closed(closing: OpenedRound) -> None:
    service = closing.service
    late = await closing.device()
    owed = [o["id"] for o in await late.pending()]
    uncertified, prepared = await closing.prepared()
    certified_device, certified_session = await closing.prepared()
    body = await certified(certified_device, certified_session)
    done, signed = await closing.prepared()
    signed_body = await certified(done, signed)
    receipts = await hand_in(done, signed, signed_body)
    before = (await service.compliance(closing.id))["total"]
    closed = await service.http.post(f"{API}/rounds/{closing.id}/close", headers=service.as_admin())
    assert closed.status_code == 200
    assert await refusal(late.open(owed)) == (409, "round.not_open")
    request = make_act(uncertified, prepared).request
    assert await refusal(certify(uncertified, prepared, request)) == (409, "round.not_open")
    assert await refusal(hand_in(certified_device, certified_session, body)) == (409, "round.not_open")
    assert await kept(service, certified_session) == NOTHING
    assert (await service.compliance(closing.id))["total"] == before
    assert await hand_in(done, signed, signed_body) == receipts
