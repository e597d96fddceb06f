"""Figures of a round at 10,000, 100,000 and 1,000,000 people: what each costs in the database.

    python -m benchmarks.compliance [--people 10000 100000] [--json]

A server of its own in a temporary folder: 45 agencies and 5,300 units, people and obligations by COPY, a share of them signed through
the product's own triggers and folds. Each query runs through the service's own functions; times are those a caller waits, in milliseconds.
Persons are synthetic. Machines are noisy: compare ratios.
"""

import argparse
import asyncio
import json
import math
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from app.compliance import counting, queries
from app.compliance.upkeep import queries as upkeep
from app.core.db import Database, Session
from app.core.ids import new_id
from app.core.postgres import LocalPostgres, find_binaries
from app.core.principal import Scope
from app.core.schema import upgrade
from app.core.settings import DatabaseSettings

AGENCIES, UNITS = 45, 5_300
OPENED = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)
DAYS = 30
SIGNED_SHARE = 0.6
WAVES = 60
PLEDGES = ("ikrar_netralitas", "pakta_integritas")
GRADES = ("II/c", "II/d", "III/a", "III/b", "III/c", "III/d", "IV/a", "IV/b", "IX", "X")
KINDS = ("struktural", "fungsional", "pelaksana")
EVERYTHING = Scope()


class Round:
    """The round that is measured: its id, its largest agency, and everybody in it."""

    def __init__(self, people: int) -> None:
        rng = random.Random(7)
        self.id, self.city = new_id(), new_id()
        self.agencies = [new_id() for _ in range(AGENCIES)]
        weights = [1 / (n + 1) ** 0.8 for n in range(AGENCIES)]
        spread = rng.choices(self.agencies, weights, k=UNITS - AGENCIES - 1)
        self.units = [(new_id(), agency) for agency in spread]
        self.people = [
            (new_id(), *rng.choice(self.units), rng.choice(GRADES), rng.choice(KINDS)) for _ in range(people)
        ]
        self.largest = self.agencies[0]

    def unit_rows(self) -> Iterator[tuple[Any, ...]]:
        yield self.city, "0", "Provinsi", None, self.city, False, "", "", 0, "2026-01-01"
        for place, agency in enumerate(self.agencies, start=1):
            yield agency, f"A{place}", f"Dinas {place}", self.city, agency, True, "", "", place, "2026-01-01"
        for place, (unit, agency) in enumerate(self.units, start=100):
            yield unit, f"U{place}", f"Unit {place}", agency, agency, False, "", "", place, "2026-01-01"

    def employee_rows(self) -> Iterator[tuple[Any, ...]]:
        for number, (person, unit, _, grade, kind) in enumerate(self.people):
            nip, name = f"{number:018d}", f"ORANG {number}"
            yield person, nip, name, "1985-01-01", "pns", "01", grade, "", kind, "", "", unit, "", "", True

    def participant_rows(self) -> Iterator[tuple[Any, ...]]:
        for number, (person, unit, agency, grade, kind) in enumerate(self.people):
            nip, name = f"{number:018d}", f"ORANG {number}"
            yield self.id, person, agency, unit, "pns", grade, kind, name, nip, "{}", 2, 0, 0, 0, 0

    def obligation_rows(self) -> Iterator[tuple[Any, ...]]:
        for person, *_ in self.people:
            for code in PLEDGES:
                yield new_id(), self.id, person, code, "pending", ""


def copy(connection: psycopg.Connection[Any], table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as target:
        for row in rows:
            target.write_row(row)


def load(connection: psycopg.Connection[Any], made: Round) -> None:
    closes = OPENED + timedelta(days=DAYS)
    with connection.transaction():
        copy(
            connection,
            "unit",
            "id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position, valid_from",
            made.unit_rows(),
        )
        copy(
            connection,
            "employee",
            "id, nip, name, birth_date, employment, legal_status, grade, grade_title, position_kind, position, echelon,"
            " unit_id, email, phone, current",
            made.employee_rows(),
        )
        connection.execute(
            "INSERT INTO round (id, title, election, year, cut_off, opens_at, closes_at, countersign, paper, status,"
            " created_at, opened_at) VALUES (%s, 'Ukur', 'Pilkada', 2026, %s, %s, %s, false, 'a4', 'open', %s, %s)",
            (made.id, OPENED.date(), OPENED, closes, OPENED, OPENED),
        )
        copy(
            connection,
            "participant",
            "round_id, employee_id, agency_id, unit_id, employment, grade, position_kind, name, nip, printed,"
            " n_pending, n_signed, n_deferred, n_exempt, n_left",
            made.participant_rows(),
        )
        copy(connection, "obligation", "id, round_id, employee_id, pledge, state, reason", made.obligation_rows())
    connection.execute("VACUUM ANALYZE")


def sign(connection: psycopg.Connection[Any], made: Round, people: list[UUID], at: datetime) -> None:
    """Have people sign both pledges, by updates in bulk: the triggers count each of them as they do in a ceremony."""
    with connection.transaction():
        connection.execute(
            "UPDATE obligation SET state = 'signed', document_id = gen_random_uuid(), signed_at = %s"
            " WHERE round_id = %s AND employee_id = ANY (%s)",
            (at, made.id, people),
        )
        connection.execute(
            "UPDATE participant SET n_pending = 0, n_signed = 2, signed_at = %s"
            " WHERE round_id = %s AND employee_id = ANY (%s)",
            (at, made.id, people),
        )


async def history(database: Database, connection: psycopg.Connection[Any], made: Round) -> list[float]:
    """Sixty waves over thirty days, each folded in portions as the job would find them; returns the folds' milliseconds."""
    signing = [person for person, *_ in made.people[: int(SIGNED_SHARE * len(made.people))]]
    size, portion, folds = math.ceil(len(signing) / WAVES), 2_000, []
    for wave in range(WAVES):
        at = OPENED + timedelta(days=DAYS * wave / WAVES)
        people = signing[wave * size : (wave + 1) * size]
        for start in range(0, len(people), portion):
            at += timedelta(seconds=1)
            sign(connection, made, people[start : start + portion], at)
            began = time.perf_counter()
            async with database.transaction() as session:
                await counting.fold(session, made.id, now=at)
            folds.append((time.perf_counter() - began) * 1000)
    return folds


async def timed(database: Database, work: Callable[[Session], Awaitable[object]], times: int) -> dict[str, float]:
    """p50 and p95 of what a caller waits, and the p50 of our own CPU in it (the rest is the database), after three that warm up."""
    taken, own = [], []
    async with database.transaction() as session:
        for number in range(times + 3):
            began, cpu = time.perf_counter(), time.process_time()
            await work(session)
            if number >= 3:
                taken.append((time.perf_counter() - began) * 1000)
                own.append((time.process_time() - cpu) * 1000)
    taken.sort()
    p95 = taken[math.ceil(0.95 * len(taken)) - 1]
    return {"p50": round(statistics.median(taken), 2), "p95": round(p95, 2), "own": round(statistics.median(own), 2)}


async def reads(database: Database, made: Round) -> dict[str, dict[str, float]]:
    worst = OPENED + timedelta(days=DAYS * 0.8)
    now = OPENED + timedelta(days=DAYS)

    def live(by: str, agency: UUID | None = None) -> Callable[[Session], Awaitable[object]]:
        return lambda session: queries.live_figures(session, made.id, by, EVERYTHING, agency)

    def past(by: str) -> Callable[[Session], Awaitable[object]]:
        return lambda session: queries.past_figures(session, made.id, by, EVERYTHING, None, worst)

    def trend(session: Session) -> Awaitable[object]:
        return queries.trend(session, made.id, "hour", "Asia/Jakarta", EVERYTHING, None, now)

    asked = {
        "304 check": lambda session: upkeep.standing(session, made.id),
        "by opd": live("opd"),
        "by employment": live("employment"),
        "by grade": live("grade"),
        "by pledge": live("pledge"),
        "by unit in the largest opd": live("unit", made.largest),
        "by unit, all 5,300": live("unit"),
        "as_of by opd": past("opd"),
        "as_of by unit, all 5,300": past("unit"),
        "trend by hour": trend,
    }
    return {name: await timed(database, work, 30) for name, work in asked.items()}


async def measure(url: str, people: int) -> dict[str, Any]:
    upgrade(url)
    made = Round(people)
    database = Database(url, DatabaseSettings(pool_size=2))
    found: dict[str, Any] = {"people": people, "queries_ms": {}, "upkeep_ms": {}}
    upkeep = found["upkeep_ms"]
    with psycopg.connect(url, autocommit=True) as connection:
        load(connection, made)
        async with database.transaction() as session:
            began = time.perf_counter()
            await counting.bring_up(session, made.id, now=OPENED)
            upkeep["first count"] = round((time.perf_counter() - began) * 1000)
        folds = await history(database, connection, made)
        upkeep["fold of a portion of history, median"] = round(statistics.median(folds), 1)
        connection.execute("VACUUM ANALYZE")
        waiting = [person for person, *_ in made.people[-160:]]
        sign(connection, made, waiting, OPENED)
        found["queries_ms"] = await reads(database, made)
    for name, work in {
        "verify": counting.verify,
        "rebuild": lambda session: counting.rebuild(session, made.id, now=OPENED + timedelta(days=DAYS)),
    }.items():
        async with database.transaction() as session:
            began = time.perf_counter()
            result = await work(session)
            upkeep[name] = round((time.perf_counter() - began) * 1000)
        if name == "verify":
            found["wrong"] = sum(compared.wrong + compared.people_at_odds for compared in result)
    await database.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        server = LocalPostgres(Path(folder) / "postgres", find_binaries(None))
        url = server.start()
        try:
            for people in given.people:
                name = f"bench_{people}"
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {name}")
                results.append(asyncio.run(measure(url.replace("/pakta?", f"/{name}?"), people)))
                if not given.json:
                    tell(results[-1])
        finally:
            server.stop()
    if given.json:
        print(json.dumps(results))


def tell(found: dict[str, Any]) -> None:
    print(f"{found['people']:,} people; figures that differ from a recount: {found['wrong']}")
    for name, ms in found["queries_ms"].items():
        print(f"  {name:32} p50 {ms['p50']:8.2f}  p95 {ms['p95']:8.2f}  own {ms['own']:7.2f} ms")
    for name, ms in found["upkeep_ms"].items():
        print(f"  {name:40} {ms:10,} ms", flush=True)


if __name__ == "__main__":
    main()
