"""What a search for people costs at 10,000, 100,000 and 1,000,000 people, for a caller who sees all and for one of the largest agency.

    python -m benchmarks.people [--people 10000 100000 1000000] [--searches 40] [--kind "a name in a unit"] [--folder DIR] [--json]

A server of its own in a temporary folder, or in one that is kept and whose people are taken as they are the next time: 45 agencies and 5,300 units; names drawn from 60,000 words as unevenly as real ones are. Each search
runs through the service's own function, a page of 50 people; times are those the caller waits, in milliseconds. Persons are synthetic.
"""

import argparse
import asyncio
import json
import math
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text

from app.asn.search import indexing, service
from app.core.db import Database
from app.core.ids import new_id
from app.core.permission import Role
from app.core.postgres import LocalPostgres, find_binaries
from app.core.principal import Principal, Scope
from app.core.schema import upgrade
from app.core.settings import DatabaseSettings

AGENCIES, UNITS, WORDS = 45, 5_300, 60_000
POPULAR = [
    "siti",
    "sri",
    "nur",
    "muhammad",
    "dewi",
    "agus",
    "eko",
    "ahmad",
    "budi",
    "rahayu",
    "endang",
    "wahyu",
    "sutrisno",
    "susanto",
    "setiawan",
    "wati",
    "lestari",
    "sucipto",
    "yuliana",
    "hidayat",
]
PARTS = (
    "ba",
    "di",
    "su",
    "ra",
    "ti",
    "ma",
    "ning",
    "yan",
    "to",
    "wa",
    "sih",
    "har",
    "ku",
    "ji",
    "la",
    "pur",
    "no",
    "tri",
    "mi",
    "sa",
)
PLACES = ("Puskesmas", "SD Negeri", "SMP Negeri", "Kelurahan", "Bagian", "Sub Bagian")


class City:
    """Units, and the words names are made of with how often each occurs."""

    def __init__(self) -> None:
        rng = self.rng = random.Random(11)
        self.root = new_id()
        self.agencies = [new_id() for _ in range(AGENCIES)]
        shares = [1 / (n + 1) ** 0.8 for n in range(AGENCIES)]
        self.units = [(new_id(), agency) for agency in rng.choices(self.agencies, shares, k=UNITS - AGENCIES - 1)]
        made = {*POPULAR}
        while len(made) < WORDS:
            made.add("".join(rng.choices(PARTS, k=rng.randint(2, 4))))
        self.words = [*POPULAR, *sorted(made - set(POPULAR))]
        self.shares = list(accumulate(1 / (n + 6) for n in range(WORDS)))

    def unit_rows(self) -> Iterator[tuple[Any, ...]]:
        day = date(2020, 1, 1)
        yield (self.root, "ROOT", "Pemerintah Daerah", None, self.root, False, "", "", 0, day)
        for number, agency in enumerate(self.agencies):
            yield (
                agency,
                f"A{number}",
                f"Dinas {self.words[500 + number].title()}",
                self.root,
                agency,
                True,
                "",
                "",
                number,
                day,
            )
        for number, (unit, agency) in enumerate(self.units):
            name = f"{PLACES[number % 6]} {self.words[900 + number % 700].title()} {number % 9}"
            yield (unit, f"U{number}", name, agency, agency, False, "", "", number, day)

    def person_rows(self, people: int) -> Iterator[tuple[Any, ...]]:
        rng = self.rng
        for number in range(people):
            words = rng.choices(self.words, cum_weights=self.shares, k=rng.choice((1, 2, 2, 3)))
            day = date.fromordinal(rng.randint(718_000, 731_000))
            nip = f"{day:%Y%m%d}{rng.randint(1995, 2025)}{rng.randint(1, 12):02d}{rng.randint(1, 2)}{number % 997 + 1:03d}"
            unit, _ = rng.choice(self.units)
            yield (
                new_id(),
                f"{nip[:-7]}{number:07d}",
                " ".join(words).title(),
                day,
                "pns",
                "01",
                "",
                "",
                "",
                "",
                "",
                unit,
                "",
                "",
                True,
            )


UNIT_COLUMNS = "id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position, valid_from"
PERSON_COLUMNS = "id, nip, name, birth_date, employment, legal_status, grade, grade_title, position_kind, position, echelon, unit_id, email, phone, current"


def copy(url: str, table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    statement = f"COPY {table} ({columns}) FROM STDIN"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as writer:
        for row in rows:
            writer.write_row(row)


def wanted(city: City, rng: random.Random) -> dict[str, Any]:
    """One maker of queries for each way people search."""

    def word(least: int = 5) -> str:
        while True:
            found = rng.choices(city.words, cum_weights=city.shares)[0]
            if len(found) >= least:
                return found

    def slip() -> str:
        found = word(6)
        place = rng.randrange(1, len(found) - 1)
        return found[:place] + found[place + 1] + found[place] + found[place + 2 :]

    return {
        "a common word": lambda: rng.choice(POPULAR),
        "any word": word,
        "two common words": lambda: " ".join(rng.sample(POPULAR, 2)),
        "two words": lambda: f"{word()} {rng.choice(POPULAR)}",
        "two words that nobody has": lambda: f"{rng.choice(city.words[30_000:])} {rng.choice(city.words[30_000:])}",
        "two letters": lambda: word()[:2],
        "a beginning": lambda: word()[:4],
        "a common word and two letters": lambda: f"{rng.choice(POPULAR)} {word()[:2]}",
        "a part": lambda: word(7)[2:6],
        "a slip": slip,
        "a slip beside a common word": lambda: f"{rng.choice(POPULAR)} {slip()}",
        "birth date of a NIP": lambda: f"{date.fromordinal(rng.randint(718_000, 731_000)):%Y%m%d}",
        "a unit": lambda: f"puskesmas {city.words[900 + 6 * rng.randrange(100)]}",
        "a kind of unit": lambda: "puskesmas",
        "a name in a unit": lambda: f"{rng.choice(POPULAR)} kelurahan",
    }


def percentile(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, math.ceil(len(values) * share) - 1)], 1)


async def build(url: str, city: City, people: int) -> dict[str, Any]:
    """Fill an empty database with a city's people and index them; return how long it took."""
    await asyncio.to_thread(upgrade, url)
    await asyncio.to_thread(copy, url, "unit", UNIT_COLUMNS, city.unit_rows())
    started = time.perf_counter()
    await asyncio.to_thread(copy, url, "employee", PERSON_COLUMNS, city.person_rows(people))
    copied = time.perf_counter() - started
    database = Database(url, DatabaseSettings(pool_size=2))
    started = time.perf_counter()
    while True:
        async with database.transaction() as session:
            if await indexing.index(session, indexing.BATCH) < indexing.BATCH:
                break
    indexed = time.perf_counter() - started
    await database.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return {"copied_s": round(copied, 1), "indexed_s": round(indexed, 1)}


async def measure(url: str, city: City, people: int, searches: int, kinds: list[str]) -> dict[str, Any]:
    """Search a filled database in every way."""
    rng = random.Random(5)
    database = Database(url, DatabaseSettings(pool_size=2))
    with psycopg.connect(url, autocommit=True) as connection:
        size = connection.execute(
            "SELECT (pg_total_relation_size('employee_term') + pg_total_relation_size('name_key')) >> 20"
        ).fetchone()
    facts: dict[str, Any] = {"people": people, "index_mb": size and size[0]}
    largest = agency_of(url, "A0")
    for label, scope in (("all", Scope()), ("largest agency", Scope(frozenset([largest])))):
        everything: list[float] = []
        for kind, make in wanted(city, rng).items():
            if kinds and kind not in kinds:
                continue
            times, found = [], 0
            for _ in range(searches):
                ms, count = await timed(database, scope, make())
                times.append(ms)
                found += count
            everything += times
            facts[f"{label}: {kind}"] = {
                "p50": percentile(times, 0.5),
                "p95": percentile(times, 0.95),
                "found": found // searches,
            }
        facts[f"{label}: all kinds"] = {
            "p50": percentile(everything, 0.5),
            "p95": percentile(everything, 0.95),
            "max": percentile(everything, 1),
        }
    await database.close()
    return facts


def agency_of(url: str, siasn_id: str) -> UUID:
    """Return the id of an agency: those of a folder that was kept were made in another run."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT id FROM unit WHERE siasn_id = %s", (siasn_id,)).fetchone()
    assert row is not None
    return UUID(str(row[0]))


async def timed(database: Database, scope: Scope, q: str) -> tuple[float, int]:
    actor = Principal(UUID(int=1), Role.BKPSDM_ADMIN, scope)
    async with database.transaction() as session:
        await session.execute(text("SELECT 1"))
        started = time.perf_counter()
        found, _ = await service.search(session, actor, q, service.Filters(), after=None, limit=50)
        return (time.perf_counter() - started) * 1000, len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--searches", type=int, default=40)
    parser.add_argument("--kind", action="append", default=[], help="only searches of this kind")
    parser.add_argument("--folder", type=Path, help="where the server's data stay for the next time")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        server = LocalPostgres((arguments.folder or Path(name)) / "postgres", find_binaries(None))
        server.start()
        try:
            for people in arguments.people:
                facts = asyncio.run(look(server, people, arguments.searches, arguments.kind))
                print(
                    json.dumps(facts)
                    if arguments.json
                    else "\n".join(f"{key}: {value}" for key, value in facts.items()),
                    flush=True,
                )
        finally:
            server.stop()


async def look(server: LocalPostgres, people: int, searches: int, kinds: list[str]) -> dict[str, Any]:
    """Search a number of people; the database is built when there is none of that size yet."""
    name, city = f"people{people}", City()
    url = server.url.replace("/pakta?", f"/{name}?")
    built: dict[str, Any] = {}
    with psycopg.connect(server.url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            connection.execute(f"CREATE DATABASE {name}".encode())
            built = await build(url, city, people)
    return built | await measure(url, city, people, searches, kinds)


if __name__ == "__main__":
    main()
