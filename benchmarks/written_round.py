"""A synthetic round written by COPY: 45 agencies and 5,300 units, two pledges a person, nobody has signed; and how long something takes over it.

What figures cost is told by `pakta bench compliance`. Persons are synthetic.
"""

import math
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from app.core.db import Database, Session
from app.core.ids import new_id

AGENCIES, UNITS = 45, 5_300
OPENED = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)
DAYS = 30
PLEDGES = ("ikrar_netralitas", "pakta_integritas")
GRADES = ("II/c", "II/d", "III/a", "III/b", "III/c", "III/d", "IV/a", "IV/b", "IX", "X")
KINDS = ("struktural", "fungsional", "pelaksana")


class Round:
    """The round that is measured: its id, its units, and everybody in it."""

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
