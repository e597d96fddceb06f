"""Dashboards, recounts and questions about the past while people sign: what `pakta bench http --one-unit` looks at meanwhile.

A figure is wrong when it differs from a recount in the same snapshot; an ETag, when it came with two different figures; an answer about the
past, when the same instant is told differently later.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from app.cli.operator import OPERATOR
from app.compliance import service
from app.core.clock import SystemClock
from app.core.db import Database

DIMENSIONS = ("opd", "unit", "employment", "pledge")
PAUSE = 0.1  # seconds between two looks of one watcher
AGO = timedelta(seconds=3)
_FIGURES = ("total", "groups")
_RECOUNT = text(
    "SELECT agency_id::text, count(*) FILTER (WHERE state = 'signed'), count(*) FILTER (WHERE state = 'pending'), count(*) "
    "FROM participant WHERE round_id = :round GROUP BY 1"
)


@dataclass
class Watch:
    """What was seen. `by_tag` holds the figures an ETag came with, `told` what was answered about an instant."""

    http: httpx.AsyncClient
    headers: dict[str, str]
    round_id: str
    database: Database
    comparisons: int = 0
    wrong: int = 0
    by_tag: dict[str, str] = field(default_factory=dict)
    tags_with_two_bodies: int = 0
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    asked_again: int = 0
    told_differently: int = 0
    unchanged: int = 0
    seconds: list[float] = field(default_factory=list)

    async def during(self, work: Awaitable[Any]) -> Any:
        """Watch until the work is done, then ask once more about every instant; return the work's result."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for look in (self._poll, self._recount, self._look_back):
                group.create_task(_repeat(look, over))
            result = await work
            over.set()
        for at, by in list(self.told):
            await self._past(at, by)
        return result

    def summary(self) -> dict[str, Any]:
        """Return the counts as `--json` prints them."""
        polls = sorted(self.seconds)
        return {
            "comparisons": self.comparisons,
            "wrong": self.wrong,
            "etags": len(self.by_tag),
            "etags_with_two_bodies": self.tags_with_two_bodies,
            "unchanged": self.unchanged,
            "instants": len(self.told),
            "asked_again": self.asked_again,
            "told_differently": self.told_differently,
            "poll_p50_ms": round(polls[len(polls) // 2] * 1000, 1) if polls else None,
            "poll_p95_ms": round(polls[int(len(polls) * 0.95)] * 1000, 1) if polls else None,
        }

    async def _poll(self, number: int) -> None:
        """Ask for the figures as several dashboards do, at once, and keep each body by its tag."""
        by = DIMENSIONS[number % len(DIMENSIONS)]
        await asyncio.gather(*(self._figures(by) for _ in range(3)))

    async def _figures(self, by: str) -> None:
        began = time.perf_counter()
        reply = await self.http.get(self._path, params={"by": by}, headers=self.headers)
        self.seconds.append(time.perf_counter() - began)
        reply.raise_for_status()
        body, tag = _figures_of(reply), reply.headers["etag"]
        if self.by_tag.setdefault(tag, body) != body:
            self.tags_with_two_bodies += 1
        again = await self.http.get(self._path, params={"by": by}, headers=self.headers | {"if-none-match": tag})
        self.unchanged += again.status_code == httpx.codes.NOT_MODIFIED

    async def _recount(self, _number: int) -> None:
        """Compare the figures with a recount in one snapshot."""
        async with self.database.transaction() as session:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            told = await service.compliance(session, OPERATOR, UUID(self.round_id), "opd", now=SystemClock().now())
            counted = {row[0]: tuple(row[1:]) for row in await session.execute(_RECOUNT, {"round": self.round_id})}
        told_of = {group.id: (group.signed, group.pending, group.total) for group in told.groups}
        self.comparisons += 1
        self.wrong += told_of != counted

    async def _look_back(self, number: int) -> None:
        """Ask about a moment just past; every tenth time, about all that were asked before."""
        at = (SystemClock().now() - AGO).isoformat()
        await self._past(at, DIMENSIONS[number % len(DIMENSIONS)])
        if number % 10 == 9:
            for before, by in list(self.told)[-10:]:
                await self._past(before, by)

    async def _past(self, at: str, by: str) -> None:
        reply = await self.http.get(self._path, params={"by": by, "as_of": at}, headers=self.headers)
        if reply.status_code == httpx.codes.UNPROCESSABLE_ENTITY:  # before the round was opened
            return
        reply.raise_for_status()
        body = _figures_of(reply)
        if (at, by) in self.told:
            self.asked_again += 1
            self.told_differently += self.told[at, by] != body
        self.told[at, by] = body

    @property
    def _path(self) -> str:
        return f"/api/v1/rounds/{self.round_id}/compliance"


async def _repeat(look: Callable[[int], Awaitable[None]], over: asyncio.Event) -> None:
    number = 0
    while not over.is_set():
        await look(number)
        number += 1
        try:
            async with asyncio.timeout(PAUSE):
                await over.wait()
        except TimeoutError:
            continue


def _figures_of(reply: httpx.Response) -> str:
    body = reply.json()
    return json.dumps([body[name] for name in _FIGURES], sort_keys=True)
