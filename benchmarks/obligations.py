"""What it takes to follow a roster that changed everybody into an open round, and to preview whom a round would ask.

    python -m benchmarks.obligations [--people 10000 100000]

The city and the round of `benchmarks/written_round.py`: then one person in ten retires, two in ten move to another unit, the others get another
echelon, and one in ten more appears, as one applied import would do it. Times are of the service's own functions; persons are synthetic.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from app.compliance import counting
from app.core.db import Database
from app.core.postgres import LocalPostgres, find_binaries
from app.core.principal import Scope
from app.core.schema import upgrade
from app.core.settings import DatabaseSettings
from app.obligation.audit import service as audit
from app.obligation.following import service as following
from app.obligation.population import queries as population
from app.obligation.population.service import rule_of
from app.pledge import service as pledge
from app.transparency.record import LogIdentity
from benchmarks.written_round import OPENED, PLEDGES, Round, load, timed

VERSIONS = """
INSERT INTO employee_version (employee_id, valid_from, recorded_at, cause, nip, name, birth_date, employment, legal_status, grade,
  grade_title, position_kind, position, echelon, unit_id, current)
SELECT id, '2026-01-01', now(), 'new', nip, name, birth_date, employment, legal_status, grade, grade_title, position_kind, position,
  echelon, unit_id, current FROM employee
"""
NOTHING = "UPDATE employee SET updated_at = now()"
CHANGES = """
WITH numbered AS (SELECT id, row_number() OVER (ORDER BY id) % 10 AS n FROM employee),
units AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM unit WHERE parent_id IS NOT NULL)
UPDATE employee e SET legal_status = CASE WHEN n.n = 0 THEN '66' ELSE e.legal_status END,
  unit_id = CASE WHEN n.n IN (1, 2) THEN u.id ELSE e.unit_id END, echelon = CASE WHEN n.n > 2 THEN '31' ELSE e.echelon END
FROM numbered n, units u WHERE n.id = e.id AND u.place = abs(hashtext(e.id::text)) % 5000
"""
NEWCOMERS = """
INSERT INTO employee (id, nip, name, birth_date, employment, legal_status, grade, grade_title, position_kind, position, echelon, unit_id,
  email, phone, current)
SELECT gen_random_uuid(), (900000000000000000 + row_number() OVER ())::text, 'BARU ' || name, birth_date, employment, '01', grade, '',
  position_kind, '', '', unit_id, '', '', true FROM employee WHERE right(nip, 1) = '0'
"""


def spent(connection: psycopg.Connection[Any], statement: str) -> float:
    """Milliseconds a statement takes."""
    began = time.perf_counter()
    connection.execute(statement)
    return round((time.perf_counter() - began) * 1000, 1)


async def follow(database: Database) -> tuple[int, float, float]:
    """Follow the roster until nobody waits; return the people, all seconds, and the milliseconds of the longest transaction."""
    nothing: Any = None
    log = LogIdentity(nothing, lambda _: b"", b"salt")
    people, longest, began = 0, 0.0, time.perf_counter()
    while True:
        started = time.perf_counter()
        async with database.transaction() as session:
            done = await following.follow(session, log, today=OPENED.date(), now=OPENED)
        longest = max(longest, (time.perf_counter() - started) * 1000)
        if not done:
            return people, round(time.perf_counter() - began, 2), round(longest, 1)
        people += done


async def measure(url: str, people: int) -> dict[str, Any]:
    await asyncio.to_thread(upgrade, url)
    made = Round(people)
    database = Database(url, DatabaseSettings(pool_size=2))
    found: dict[str, Any] = {"people": people}
    with psycopg.connect(url, autocommit=True) as connection:
        load(connection, made)
        for place, code in enumerate(PLEDGES):
            connection.execute("INSERT INTO template (id, code, title) VALUES (gen_random_uuid(), %s, '')", (code,))
            connection.execute(
                "INSERT INTO template_version (id, template_id, number, sha256, source, created_at)"
                " SELECT gen_random_uuid(), id, 1, '', '{}', now() FROM template WHERE code = %s",
                (code,),
            )
            connection.execute(
                "INSERT INTO round_pledge (round_id, pledge, place, template_version_id)"
                " SELECT %s, %s, %s, v.id FROM template_version v JOIN template t ON t.id = v.template_id WHERE t.code = %s",
                (made.id, code, place, code),
            )
        connection.execute("UPDATE round SET late_joiners = 'automatic'")
        connection.execute(VERSIONS)
        connection.execute("VACUUM ANALYZE")
        async with database.transaction() as session:
            await counting.fold(session, made.id, now=OPENED)
        found["update_nothing_ms"] = spent(connection, NOTHING)
        connection.execute("ALTER TABLE employee DISABLE TRIGGER roster_changed")
        found["update_nothing_without_triggers_ms"] = spent(connection, NOTHING)
        connection.execute("ALTER TABLE employee ENABLE TRIGGER roster_changed")
        found["update_all_ms"], found["insert_new_ms"] = spent(connection, CHANGES), spent(connection, NEWCOMERS)
        connection.execute("ANALYZE")
        found["followed"], found["follow_seconds"], found["longest_transaction_ms"] = await follow(database)
        kinds = connection.execute("SELECT kind, count(*) FROM participant_change GROUP BY 1 ORDER BY 1").fetchall()
        found["changes"] = dict(kinds)
        found["again"], found["again_seconds"], _ = await follow(database)
    async with database.transaction() as session:
        rule = rule_of(await pledge.get_round(session, made.id))
    found["preview_ms"] = await timed(database, lambda session: population.count(session, rule, Scope()), 30)
    async with database.transaction() as session:
        await counting.fold(session, made.id, now=OPENED)
    async with database.transaction() as session:
        found["wrong"] = sum(not one.right for one in await counting.verify(session))
        found["contradictions"] = await audit.contradictions(session)
    await database.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 100_000])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = LocalPostgres(Path(folder) / "postgres", find_binaries(None))
        url = server.start()
        try:
            for people in given.people:
                name = f"bench_{people}"
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {name}")
                found = asyncio.run(measure(url.replace("/pakta?", f"/{name}?"), people))
                print(json.dumps(found), flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
