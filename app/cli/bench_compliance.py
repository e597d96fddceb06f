"""`pakta bench compliance`: what figures and lists cost at 10,000, 100,000 and 1,000,000 people.

A server of its own in a temporary folder, or in one that is kept and whose registers are taken as they are the next time. Every query runs
through the service's own functions as the caller of a dashboard has them run; `p50_ms` and `p95_ms` are the milliseconds it waits for the
database, `total_ms` (median) is all of it, our own work included. Then the same is asked over HTTP of one server process: `http_p50_ms` and
`http_p95_ms` are what a client waits (app/cli/bench_looks.py).
"""

import math
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from app.cli import bench_register
from app.cli.bench_looks import EXTRA_MS, POLLS_A_SECOND, Looks, looking
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

HERE = f"/api/v1/rounds/{ROUND}/"
UNCHANGED = "304 check"
Work = Callable[[Session], Awaitable[object]]
Asked = tuple[Work, str]
"""The same question below the API, and its address below the round's."""


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
                postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
                there = url.replace("/pakta?", f"/{name}?")
                found.append(await _measure(there, people, postmaster, kept=kept is not None))
        finally:
            server.stop()
    return {
        "sizes": found,
        "budget_ms": BUDGET_MS,
        "http_budget_ms": {name: budget + EXTRA_MS for name, budget in BUDGET_MS.items()},
        "polls_a_second": POLLS_A_SECOND,
        "wrong": sum(one["wrong"] for one in found),
    }


async def _measure(url: str, people: int, postmaster: int, *, kept: bool) -> dict[str, Any]:
    began = time.perf_counter()
    upgrade(url)
    database = Database(url, DatabaseSettings(pool_size=2))
    upkeep: dict[str, float] = {}
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            if not kept:
                upkeep = await _build(database, connection, people)
            async with looking(url, database, postmaster) as looks:
                queries = {name: await _both(database, looks, name, asked) for name, asked in _asked().items()}
                if not kept:  # they have signed already, and wait for a fold ever since
                    bench_register.sign(connection, range(people - 159, people + 1), CLOSES - timedelta(hours=1))
                burst = "by opd, in the burst"
                queries[burst] = await _both(database, looks, burst, (_figures("opd"), "compliance"))
                polls = await looks.polls(f"{HERE}compliance")
        wrong, upkeep["verify_ms"] = await _verified(database)
    finally:
        await database.close()
    return {
        "people": people,
        "seconds": round(time.perf_counter() - began, 1),
        "queries": queries,
        "polls": polls,
        "missed": missed(queries, polls),
        "upkeep_ms": upkeep,
        "wrong": wrong,
    }


def missed(queries: Mapping[str, Mapping[str, float]], polls: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return what took longer than is promised for a million people: the query's name, with "over HTTP" where that is what did, and polls."""
    found = []
    for name, budget in BUDGET_MS.items():
        if queries[name]["p95_ms"] > budget:
            found.append(name)
        if queries[name]["http_p95_ms"] > budget + EXTRA_MS:
            found.append(f"{name}, over HTTP")
    return found + [f"polls of {who}" for who, told in polls.items() if told["per_second"] < POLLS_A_SECOND]


async def _both(database: Database, looks: Looks, name: str, asked: Asked) -> dict[str, float]:
    work, path = asked
    over = await looks.timed(HERE + path, unchanged=name == UNCHANGED, times=TIMES, warming=WARMING)
    return await _timed(database, work) | over


async def _verified(database: Database) -> tuple[int, float]:
    """Return how many figures differ from a recount, and the milliseconds of finding out."""
    began = time.perf_counter()
    async with database.transaction() as session:
        compared = await counting.verify(session)
    spent = round((time.perf_counter() - began) * 1000, 1)
    return sum(one.wrong + one.people_at_odds for one in compared), spent


async def _build(database: Database, connection: psycopg.Connection[Any], people: int) -> dict[str, float]:
    """Write the register; return the milliseconds of its first count, and of counting it anew once it has a past, which is undone."""
    bench_register.build(connection, people)
    began = time.perf_counter()
    async with database.transaction() as session:
        await counting.bring_up(session, ROUND, now=OPENED)
    first = time.perf_counter() - began
    await bench_register.history(database, connection, people)
    began = time.perf_counter()
    async with database.transaction() as session:
        await counting.rebuild(session, ROUND, now=CLOSES)
        await session.rollback()
    anew = time.perf_counter() - began
    connection.execute("VACUUM ANALYZE")
    return {"first_count_ms": round(first * 1000, 1), "rebuild_ms": round(anew * 1000, 1)}


def _asked() -> dict[str, Asked]:
    largest, unit = bench_register.agency(1), UUID("00000000-0000-7000-9000-000000000005")
    now = CLOSES - timedelta(hours=2)
    listed, of_largest = "outstanding?limit=100", f"&opd={largest}"
    page = {name: f"{listed}&q={quote(name)}" for name in ("sri ", "maya permata w", "tidak ada")}
    return {
        UNCHANGED: (lambda session: service.ask(session, ADMIN, ROUND, "opd", now=now), "compliance"),
        "by opd": (_figures("opd"), "compliance"),
        "by employment": (_figures("employment"), "compliance?by=employment"),
        "by grade": (_figures("grade"), "compliance?by=grade"),
        "by position_kind": (_figures("position_kind"), "compliance?by=position_kind"),
        "by pledge": (_figures("pledge"), "compliance?by=pledge"),
        "by unit in the largest opd": (_figures("unit", largest), f"compliance?by=unit{of_largest}"),
        "by unit, all": (_figures("unit"), "compliance?by=unit"),
        "as_of by opd, worst instant": (_past, f"compliance?as_of={quote(WORST.isoformat())}"),
        "trend by hour": (
            lambda session: service.trend(session, ADMIN, ROUND, "hour", "Asia/Jakarta", now=now),
            "compliance/trend?interval=hour",
        ),
        "outstanding, first page": (_people(), listed),
        "outstanding, first page of the largest opd": (_people(agency_id=largest), listed + of_largest),
        "outstanding, first page of a unit": (_people(unit_id=unit), f"{listed}&unit={unit}"),
        "name in the largest opd": (_people(agency_id=largest, search="sri "), page["sri "] + of_largest),
        "rare name in the largest opd": (
            _people(agency_id=largest, search="maya permata w"),
            page["maya permata w"] + of_largest,
        ),
        "name in the round": (_people(search="sri "), page["sri "]),
        "rare name in the round": (_people(search="maya permata w"), page["maya permata w"]),
        "name of nobody in the round": (_people(search="tidak ada"), page["tidak ada"]),
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
