"""What the same questions take over HTTP: one server process over a register, asked one look after the other, and polled while nothing changes.

Server, database and the asking process share the machine. The server runs no jobs: what waits for a fold keeps waiting.
"""

import asyncio
import math
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from app.cli.bench_http import serving
from app.cli.process_times import ProcessTimes
from app.core.db import Database
from app.core.permission import Role
from app.demo.wire import Reply, Wire
from app.identity import service as identity

EXTRA_MS = 8.0
"""What HTTP may add to the promised time in the database, p95."""
POLLS_A_SECOND = 1_000
"""Unchanged looks a second that one server process is to answer."""
POLL_SECONDS, POLLERS = 1.5, 4
UNCHANGED = "unchanged"


@dataclass
class Looks:
    """A client of the server, with the headers of an administrator and of a dashboard, and whose processor time is told."""

    wire: Wire
    administrator: dict[str, str]
    dashboard: dict[str, str]
    times: ProcessTimes

    async def timed(self, path: str, *, unchanged: bool, times: int, warming: int) -> dict[str, float]:
        """Return p50 and p95 of a look in milliseconds, after a few that warm up; `unchanged`: with what is known, for a 304."""
        headers = await self._known(path, self.administrator) if unchanged else self.administrator
        taken = []
        for number in range(times + warming):
            began = time.perf_counter()
            await self._ask(path, headers, HTTPStatus.NOT_MODIFIED if unchanged else HTTPStatus.OK)
            if number >= warming:
                taken.append((time.perf_counter() - began) * 1000)
        taken.sort()
        p95 = taken[math.ceil(0.95 * len(taken)) - 1]
        return {"http_p50_ms": round(statistics.median(taken), 2), "http_p95_ms": round(p95, 2)}

    async def polls(self, path: str) -> dict[str, Any]:
        """Return unchanged looks a second by an administrator and by a dashboard, and the processor milliseconds of one of them."""
        return {
            "administrator": await self._polled(path, self.administrator),
            "dashboard": await self._polled(path, self.dashboard),
        }

    async def _polled(self, path: str, headers: dict[str, str]) -> dict[str, float]:
        known = await self._known(path, headers)
        until, before, began = time.perf_counter() + POLL_SECONDS, self.times.seconds(), time.perf_counter()

        async def one() -> int:
            count = 0
            while time.perf_counter() < until:
                await self._ask(path, known, HTTPStatus.NOT_MODIFIED)
                count += 1
            return count

        count = sum(await asyncio.gather(*(one() for _ in range(POLLERS))))
        taken, after = time.perf_counter() - began, self.times.seconds()
        spent = {f"{kind}_cpu_ms": round((after[kind] - before[kind]) * 1000 / count, 3) for kind in after}
        return {"per_second": round(count / taken, 1)} | spent

    async def _known(self, path: str, headers: dict[str, str]) -> dict[str, str]:
        return headers | {"if-none-match": dict((await self._ask(path, headers, HTTPStatus.OK)).headers)["etag"]}

    async def _ask(self, path: str, headers: dict[str, str], expected: HTTPStatus) -> Reply:
        reply = await self.wire.request("GET", path, headers=headers)
        assert reply.status_code == expected, (path, reply.status_code, reply.text[:300])
        return reply


@asynccontextmanager
async def looking(url: str, database: Database, postmaster: int) -> AsyncIterator[Looks]:
    """Serve a register by one process, with a data folder of its own; yield who asks it."""
    with tempfile.TemporaryDirectory(prefix="pakta-bench-") as folder:
        more = {"PAKTA_DATABASE_URL": url, "PAKTA_JOBS": "false"}
        async with serving(Path(folder) / "data", 1, more) as (server, address):
            wire = Wire(address)
            times = ProcessTimes({"server": [server.pid], "database": [postmaster]})
            administrator = await _headers(database, Role.BKPSDM_ADMIN)
            dashboard = await _headers(database, Role.DASHBOARD)
            try:
                yield Looks(wire, administrator, dashboard, times)
            finally:
                await wire.close()


async def _headers(database: Database, role: Role) -> dict[str, str]:
    async with database.transaction() as session:
        now, life = datetime.now(UTC), timedelta(days=1)
        token = await identity.create_token(session, name="bench", role=role, agencies=None, life=life, now=now)
    return {"authorization": f"Bearer {token}"}
