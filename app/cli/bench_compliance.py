"""`pakta bench compliance`: what figures and lists cost at 10,000, 100,000 and 1,000,000 people.

A server of its own in a temporary folder, or in one that is kept and whose registers are taken as they are the next time. Every query runs through the service's own functions as the caller of a dashboard has them run;
`p50_ms` and `p95_ms` are the milliseconds it waits for the database, `total_ms` (median) is all of it, our own work included.
"""

import math
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from app.cli import bench_register
from app.cli.bench_register import CLOSES, DAYS, OPENED, ROUND
from app.compliance import counting, service
from app.compliance.outstanding import service as outstanding
from app.core.db import Database, Session, raw_connection
from app.core.permission import Role
from app.core.postgres import LocalPostgres, find_binaries
from app.core.principal import Principal, Scope
from app.core.schema import upgrade
from app.core.settings import DatabaseSettings

ADMIN = Principal(UUID(int=1), Role.BKPSDM_ADMIN, Scope())
WORST = OPENED + timedelta(days=DAYS * 0.8)
TIMES, WARMING = 40, 3
BUDGET_MS = {
    "by opd": 3.0,
    "by opd, in the burst": 10.0,
    "by unit in the largest opd": 15.0,
    "by unit, all": 60.0,
    "as_of by opd, worst instant": 40.0,
    "trend by hour": 5.0,
    "outstanding, first page": 5.0,
    "outstanding, first page of the largest opd": 5.0,
    "outstanding, first page of a unit": 5.0,
    "name in the largest opd": 30.0,
    "rare name in the largest opd": 30.0,
    "name in the round": 120.0,
    "rare name in the round": 120.0,
    "304 check": 1.0,
}
"""Most milliseconds in the database (p95) that are promised at a million people on two cores."""

Work = Callable[[Session], Awaitable[object]]


async def run(sizes: list[int], folder: Path | None = None) -> dict[str, Any]:
    """Measure; return what `--json` prints. `folder`: where registers stay for the next time."""
    found = []
    with tempfile.TemporaryDirectory(prefix="pakta-bench-") as temporary:
        server = LocalPostgres((folder or Path(temporary)) / "postgres", find_binaries(None))
        url = server.start()
        try:
            for people in sizes:
                name = f"bench_{people}"
                with psycopg.connect(url, autocommit=True) as connection:
                    kept = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone()
                    if kept is None:
                        connection.execute(f"CREATE DATABASE {name}".encode())
                found.append(await _measure(url.replace("/pakta?", f"/{name}?"), people, kept=kept is not None))
        finally:
            server.stop()
    return {"sizes": found, "budget_ms": BUDGET_MS, "wrong": sum(one["wrong"] for one in found)}


async def _measure(url: str, people: int, *, kept: bool) -> dict[str, Any]:
    began = time.perf_counter()
    upgrade(url)
    database = Database(url, DatabaseSettings(pool_size=2))
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            if not kept:
                await _build(database, connection, people)
            queries = {name: await _timed(database, work) for name, work in _asked().items()}
            if not kept:  # they have signed already, and wait for a fold ever since
                bench_register.sign(connection, range(people - 159, people + 1), CLOSES - timedelta(hours=1))
            queries["by opd, in the burst"] = await _timed(database, _figures("opd"))
        async with database.transaction() as session:
            compared = await counting.verify(session)
    finally:
        await database.close()
    wrong = sum(one.wrong + one.people_at_odds for one in compared)
    return {
        "people": people,
        "seconds": round(time.perf_counter() - began, 1),
        "queries": queries,
        "wrong": wrong,
    }


async def _build(database: Database, connection: psycopg.Connection[Any], people: int) -> None:
    bench_register.build(connection, people)
    async with database.transaction() as session:
        await counting.bring_up(session, ROUND, now=OPENED)
    await bench_register.history(database, connection, people)
    connection.execute("VACUUM ANALYZE")


def _asked() -> dict[str, Work]:
    largest, unit = bench_register.agency(1), UUID("00000000-0000-7000-9000-000000000005")
    now = CLOSES - timedelta(hours=2)
    return {
        "304 check": lambda session: service.ask(session, ADMIN, ROUND, "opd", now=now),
        "by opd": _figures("opd"),
        "by employment": _figures("employment"),
        "by grade": _figures("grade"),
        "by position_kind": _figures("position_kind"),
        "by pledge": _figures("pledge"),
        "by unit in the largest opd": _figures("unit", largest),
        "by unit, all": _figures("unit"),
        "as_of by opd, worst instant": _past,
        "trend by hour": lambda session: service.trend(session, ADMIN, ROUND, "hour", "Asia/Jakarta", now=now),
        "outstanding, first page": _people(),
        "outstanding, first page of the largest opd": _people(agency_id=largest),
        "outstanding, first page of a unit": _people(unit_id=unit),
        "name in the largest opd": _people(agency_id=largest, search="sri "),
        "rare name in the largest opd": _people(agency_id=largest, search="maya permata w"),
        "name in the round": _people(search="sri "),
        "rare name in the round": _people(search="maya permata w"),
        "name of nobody in the round": _people(search="tidak ada"),
    }


def _figures(by: str, agency_id: UUID | None = None) -> Work:
    now = CLOSES - timedelta(hours=2)
    return lambda session: service.compliance(session, ADMIN, ROUND, by, agency_id=agency_id, now=now)


async def _past(session: Session) -> object:
    asked = await service.ask(session, ADMIN, ROUND, "opd", as_of=WORST, now=CLOSES)
    return await service.answer(session, asked, now=CLOSES)


def _people(**filters: Any) -> Work:
    given = {"agency_id": None, "unit_id": None, "search": None, "reachable": None, "after": None} | filters
    return lambda session: outstanding.list_outstanding(session, ADMIN, ROUND, 101, **given)


async def _timed(database: Database, work: Work) -> dict[str, float]:
    """Return p50 and p95 of the time in the database, and the median of all; after a few that warm up."""
    waited, taken = [], []
    async with database.transaction() as session:
        connection = await raw_connection(session)
        for number in range(TIMES + WARMING):
            with _in_the_database(connection) as spent:
                began = time.perf_counter()
                await work(session)
                taken.append((time.perf_counter() - began) * 1000)
            waited.append(sum(spent) * 1000)
            if number < WARMING:
                taken.clear()
                waited.clear()
    waited.sort()
    return {
        "p50_ms": round(statistics.median(waited), 2),
        "p95_ms": round(waited[math.ceil(0.95 * len(waited)) - 1], 2),
        "total_ms": round(statistics.median(taken), 2),
    }


@contextmanager
def _in_the_database(connection: AsyncConnection[Any]) -> Iterator[list[float]]:
    """Collect the seconds the driver waits for the server, whoever asks: the ORM or a prepared statement."""
    spent: list[float] = []
    wait = connection.wait

    async def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return await wait(*args, **kwargs)
        finally:
            spent.append(time.perf_counter() - began)

    connection.wait = timed  # type: ignore[method-assign]
    try:
        yield spent
    finally:
        del connection.wait
