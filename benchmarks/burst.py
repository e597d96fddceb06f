"""The burst: everybody of one unit signs at once while figures are read and recounted; and what counting costs a signature.

    python -m benchmarks.burst [--people 100000] [--signers 2000] [--writers 8]

A register of its own (`app.cli.bench_register`), 2,000 people of it in one unit. Each signs both pledges in a transaction of their own, from as
many connections as there are writers, as fast as they go, while the fold runs and readers compare every figure with a recount in the same
snapshot and ask for instants that are past. Below the API: `pakta bench http --one-unit` does the same over HTTP at a ceremony's pace.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text

from app.cli import bench_register
from app.cli.bench_register import ROUND, agency
from app.cli.operator import OPERATOR
from app.compliance import counting, service
from app.core.db import Database, Session
from app.core.postgres import LocalPostgres, find_binaries
from app.core.schema import upgrade
from app.core.settings import DatabaseSettings

UNIT = UUID("00000000-0000-7000-9000-000000000001")
KEYS = {"opd": "agency_id::text", "unit": "unit_id::text", "employment": "employment"}
COUNTED = "count(*) FILTER (WHERE state = 'signed'), count(*) FILTER (WHERE state = 'pending')"
PAIRS = 300  # signatures with and without counting, taken in turns


class Seen:
    """What the readers found."""

    def __init__(self) -> None:
        self.comparisons = self.wrong = self.tags_with_two_bodies = self.asked_again = self.told_differently = 0
        self.by_tag: dict[str, Any] = {}
        self.told: dict[datetime, Any] = {}


async def run(people: int, signers: int, writers: int) -> dict[str, Any]:
    """Build the register, measure, and return what is printed."""
    with tempfile.TemporaryDirectory(prefix="pakta-bench-") as folder:
        server = LocalPostgres(Path(folder) / "postgres", find_binaries(None))
        url = server.start()
        try:
            upgrade(url)
            database = Database(url, DatabaseSettings(pool_size=4))
            with psycopg.connect(url, autocommit=True) as connection:
                bench_register.build(connection, people)
                _gather(connection, signers)
                async with database.transaction() as session:
                    await counting.bring_up(session, ROUND, now=datetime.now(UTC))
                found = await _burst(database, url, signers, writers)
                found["counting_ms"] = _counting(connection, range(signers + 1, signers + 1 + 2 * PAIRS))
            await database.close()
        finally:
            server.stop()
    return {"people": people, "signers": signers, "writers": writers} | found


def _gather(connection: psycopg.Connection[Any], signers: int) -> None:
    """Put the first people into one unit before anything is counted."""
    connection.execute("SET session_replication_role = replica")
    connection.execute(
        "UPDATE participant SET unit_id = %s, agency_id = %s WHERE employee_id = ANY (%s)",
        (UNIT, agency(1), [bench_register.person(number) for number in range(1, signers + 1)]),
    )
    connection.execute("SET session_replication_role = origin")


async def _burst(database: Database, url: str, signers: int, writers: int) -> dict[str, Any]:
    seen, left = Seen(), writers

    def write(part: int) -> None:
        nonlocal left
        with psycopg.connect(url, autocommit=True) as mine:
            for number in range(1 + part, signers + 1, writers):
                bench_register.sign(mine, range(number, number + 1), datetime.now(UTC))
        left -= 1

    async def fold() -> None:
        while left:
            async with database.transaction() as session:
                await counting.fold(session, ROUND, now=datetime.now(UTC))

    async def read() -> None:
        number = 0
        while left:
            by = list(KEYS)[number % len(KEYS)]
            async with database.transaction() as session:
                await _compare(session, seen, by)
            await _look_back(database, seen)
            number += 1

    began = time.perf_counter()
    await asyncio.gather(*(asyncio.to_thread(write, part) for part in range(writers)), fold(), read(), read())
    seconds = time.perf_counter() - began
    for at in list(seen.told):
        await _ask_past(database, seen, at)
    counts = {name: value for name, value in vars(seen).items() if isinstance(value, int)}
    return {"people_per_second": round(signers / seconds, 1), **counts, "tags": len(seen.by_tag)}


async def _compare(session: Session, seen: Seen, by: str) -> None:
    """A figure, its tag, and a recount of the rows, all of one snapshot."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    now = datetime.now(UTC)
    asked = await service.ask(session, OPERATOR, ROUND, by, now=now)
    told, tag = await service.tagged_answer(session, asked, now=now)
    body = {group["id"]: (group["signed"], group["pending"]) for group in told["groups"]}
    statement = text(f"SELECT {KEYS[by]}, {COUNTED} FROM participant WHERE round_id = :round GROUP BY 1")
    counted = {row[0]: (row[1], row[2]) for row in await session.execute(statement, {"round": ROUND})}
    seen.comparisons += 1
    seen.wrong += body != counted
    seen.tags_with_two_bodies += seen.by_tag.setdefault(tag, body) != body


async def _look_back(database: Database, seen: Seen) -> None:
    await _ask_past(database, seen, datetime.now(UTC) - timedelta(milliseconds=200))
    for at in list(seen.told)[-3:]:
        await _ask_past(database, seen, at)


async def _ask_past(database: Database, seen: Seen, at: datetime) -> None:
    async with database.transaction() as session:
        asked = await service.ask(session, OPERATOR, ROUND, "opd", as_of=at, now=datetime.now(UTC))
        told = (await service.answer(session, asked, now=at)).model_dump(exclude={"computed_at"})
    if at in seen.told:
        seen.asked_again += 1
        seen.told_differently += seen.told[at] != told
    seen.told[at] = told


def _counting(connection: psycopg.Connection[Any], numbers: range) -> dict[str, float]:
    """Median milliseconds of a person's transaction with counting and without, in turns, and what lies between."""
    taken: dict[str, list[float]] = {"with": [], "without": []}
    for number in numbers:
        kind = "with" if number % 2 else "without"
        _switch(connection, on=kind == "with")
        began = time.perf_counter()
        bench_register.sign(connection, range(number, number + 1), datetime.now(UTC))
        taken[kind].append((time.perf_counter() - began) * 1000)
    _switch(connection, on=True)
    medians = {kind: statistics.median(values) for kind, values in taken.items()}
    return {
        **{kind: round(value, 3) for kind, value in medians.items()},
        "added": round(medians["with"] - medians["without"], 3),
    }


def _switch(connection: psycopg.Connection[Any], *, on: bool) -> None:
    for table in ("participant", "obligation"):
        connection.execute(f"ALTER TABLE {table} {'ENABLE' if on else 'DISABLE'} TRIGGER compliance_count".encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--signers", type=int, default=2_000)
    parser.add_argument("--writers", type=int, default=8)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(run(given.people, given.signers, given.writers)), indent=2))
