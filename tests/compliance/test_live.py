"""Live figures: one look a second for everybody who listens, bounded listeners, each inside the own scope, an end with the round."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import pytest

from app.compliance import events
from app.compliance.errors import TooManyListeners
from app.compliance.live import LiveFigures, Sight
from app.core.clock import Clock
from app.core.db import Database
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.principal import Scope
from app.device.signer import API
from tests.service import PEOPLE
from tests.signing.opened_round import OpenedRound, opened_round

PAUSE = 0.02


@pytest.fixture
async def small(postgres: LocalPostgres, tmp_path) -> AsyncIterator[OpenedRound]:
    async with opened_round(postgres, tmp_path, PEOPLE) as opened:
        yield opened


def live_of(small: OpenedRound, most: int = 10) -> LiveFigures:
    held = small.service.held
    return LiveFigures(held.get(Database), held.get(Clock), most=most, pause=PAUSE)


async def sign(small: OpenedRound, nip: str) -> None:
    device, prepared = await small.prepared(await small.device(nip))
    await device.sign(prepared)


async def next_sight(sights: AsyncIterator[Sight | None]) -> Sight:
    async with asyncio.timeout(10):
        while (found := await anext(sights)) is None:
            continue
    return found


def signed(sight: Sight) -> int:
    return sum(row.counts["signed"] for row in sight.agencies)


async def test_everybody_who_listens_sees_a_signature_by_the_same_looks(small: OpenedRound) -> None:
    live, round_id = live_of(small), UUID(small.id)
    async with aclosing(live.sights(round_id)) as one, aclosing(live.sights(round_id)) as other:
        first = [await next_sight(one), await next_sight(other)]
        assert first[0] is first[1]
        assert signed(first[0]) == 0
        looks = live.looks
        await sign(small, "198501012010012001")
        second = [await next_sight(one), await next_sight(other)]
        assert second[0] is second[1]
        assert signed(second[0]) == 1
        assert second[0].version != first[0].version
        assert live.looks > looks
        assert live.listeners == 2
    assert live.listeners == 0
    assert live._looking is None


async def test_an_unchanged_round_gives_signs_of_life_only(small: OpenedRound) -> None:
    live = live_of(small)
    async with aclosing(live.sights(UUID(small.id), quiet=PAUSE)) as sights:
        await next_sight(sights)
        assert [await anext(sights) for _ in range(3)] == [None] * 3


async def test_no_more_listen_than_there_are_places(small: OpenedRound) -> None:
    live = live_of(small, most=1)
    async with aclosing(live.sights(UUID(small.id))) as sights:
        await next_sight(sights)
        with pytest.raises(TooManyListeners):
            live.require_room()
        with pytest.raises(TooManyListeners):
            await anext(live.sights(UUID(small.id)))
    live.require_room()


async def test_a_stream_ends_after_its_time_and_looking_ends_with_the_last(small: OpenedRound) -> None:
    live = live_of(small)
    seen = [sight async for sight in live.sights(UUID(small.id), lasting=0)]
    assert len([sight for sight in seen if sight]) == 1
    assert live.listeners == 0


async def test_an_event_holds_to_the_scope_and_names_the_last_agency_to_complete(small: OpenedRound) -> None:
    for nip in ("197505052000031002",):
        await sign(small, nip)
    live = live_of(small)
    async with aclosing(live.sights(UUID(small.id))) as sights:
        sight = await next_sight(sights)
    groups = {g["name"]: g for g in (await small.service.compliance(small.id))["groups"]}
    whole = events.told(sight, Scope())
    assert whole["total"]["signed"] == 1
    assert (whole["agencies"], whole["complete"]) == (2, 1)
    assert [one["name"] for one in whole["completed"]] == ["Inspektorat Daerah"]
    own = events.told(sight, Scope(frozenset({UUID(groups["Dinas Kesehatan"]["id"])})))
    assert own["total"]["total"] == groups["Dinas Kesehatan"]["total"]
    assert (own["agencies"], own["completed"]) == (1, [])
    assert events.told(sight, Scope(frozenset()))["total"]["total"] == 0


def parsed(stream: str) -> list[tuple[str, Any]]:
    """Events of a stream as (name, data), by the rules of the standard."""
    found = []
    for block in stream.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


async def test_the_stream_over_http_ends_with_the_round(small: OpenedRound) -> None:
    service, path = small.service, f"{API}/rounds/{small.id}/events"
    token = await service.token(Role.DASHBOARD)
    brief = await service.http.get(path, params={"seconds": 0}, headers=token)
    assert brief.headers["content-type"].startswith("text/event-stream")
    assert brief.headers["cache-control"] == "no-store"
    assert [name for name, _ in parsed(brief.text)] == ["figures"]
    closed = await service.http.post(f"{API}/rounds/{small.id}/close", headers=service.as_admin())
    assert closed.status_code == 200
    ended = await service.http.get(path, headers=token)
    assert [name for name, _ in parsed(ended.text)] == ["figures", "end"]
    assert parsed(ended.text)[0][1]["status"] == "closed"
    unknown = path.replace(small.id, "00000000-0000-7000-8000-000000000000")
    assert (await service.http.get(unknown, headers=token)).status_code == 404
