"""A synthetic register of any size, written by SQL: 45 agencies, 5,300 units, two pledges a person, 60 % signed over thirty days.

Signatures go through the product's own triggers and folds, so that counters, checkpoints and the past are what they would be. Names are
put together from lists as unevenly as real ones are. Nobody in it exists.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from app.compliance import counting
from app.core.db import Database

ROUND, CITY = UUID(int=7), UUID(int=1)
AGENCIES, UNITS = 45, 5_300
OPENED = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)
DAYS, WAVES, SHARE = 30, 60, 0.6
CLOSES = OPENED + timedelta(days=DAYS)
FIRST = (
    "Sri Sri Budi Budi Siti Siti Ahmad Ahmad Dewi Agus Eko Wahyu Rina Rini Nur Nurul Muhammad Muhammad Dwi Tri Indah Maya Yuni Hadi "
    "Joko Bambang Endang Slamet Suparman Sutrisno Heru Ratna Fitri Lestari Wati Arif Andi Rudi Hendra Yusuf Ilham Putu Made Wayan Ketut"
)
MIDDLE = (
    "Permata Rahayu Santoso Wulandari Kusuma Pratama Utami Hidayat Saputra Lestari Setiawan Handayani Nugroho Purnama Susanti Wijaya "
    "Anggraini Firmansyah Maharani Ramadhan Puspita Gunawan Astuti Kurniawan Safitri Hakim Amalia Suryadi Novita Prasetyo"
)
LAST = "Wibowo Wardani Siregar Harahap Nasution Lubis Simanjuntak Tarigan Rahman Fauzi Azizah Mulyani Sari Putri Hartono Subekti"

# Sizes of agencies fall as 1 / (rank + 1) ** 0.8: the largest has a seventh of the people.
BUILD = """
CREATE TEMP TABLE word AS
SELECT string_to_array(%(first)s, ' ') AS first, string_to_array(%(middle)s, ' ') AS middle, string_to_array(%(last)s, ' ') AS last;
CREATE TEMP TABLE place AS
SELECT n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS agency,
  sum(power(n + 1, -0.8)) OVER (ORDER BY n) / sum(power(n + 1, -0.8)) OVER () AS upto
FROM generate_series(1, %(agencies)s) n;
INSERT INTO unit (id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position, valid_from)
VALUES (%(city)s, '0', 'Provinsi', NULL, %(city)s, false, '', '', 0, '2026-01-01');
INSERT INTO unit (id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position, valid_from)
SELECT agency, 'A' || n, 'Dinas ' || n, %(city)s, agency, true, '', '', n, '2026-01-01' FROM place;
CREATE TEMP TABLE subunit AS
SELECT s.n, ('00000000-0000-7000-9000-' || lpad(to_hex(s.n), 12, '0'))::uuid AS id,
  (SELECT agency FROM place WHERE upto >= (s.n - 0.5) / %(units)s ORDER BY place.n LIMIT 1) AS agency
FROM generate_series(1, %(units)s) s (n);
INSERT INTO unit (id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position, valid_from)
SELECT id, 'U' || n, 'Unit ' || n, agency, agency, false, '', '', 100 + n, '2026-01-01' FROM subunit;
INSERT INTO round (id, title, election, year, cut_off, opens_at, closes_at, countersign, paper, status, created_at, opened_at)
VALUES (%(round)s, 'Ukur', 'Pilkada', 2026, %(opened)s::date, %(opened)s, %(closes)s, false, 'a4', 'open', %(opened)s, %(opened)s);
CREATE TEMP TABLE person AS
SELECT n, ('00000000-0000-7000-a000-' || lpad(to_hex(n), 12, '0'))::uuid AS id, lpad(n::text, 18, '0') AS nip,
  initcap(first[1 + floor(random() * cardinality(first))::int] || ' ' || middle[1 + floor(random() * cardinality(middle))::int] || ' '
    || last[1 + floor(random() * cardinality(last))::int] || ' ' || n) AS name,
  1 + floor(random() * %(units)s)::int AS unit,
  (ARRAY['II/c','II/d','III/a','III/b','III/c','III/d','IV/a','IV/b','IX','X'])[1 + floor(random() * 10)::int] AS grade,
  (ARRAY['struktural','fungsional','pelaksana'])[1 + floor(random() * 3)::int] AS kind
FROM generate_series(1, %(people)s) n, word;
INSERT INTO employee (id, nip, name, birth_date, employment, legal_status, grade, grade_title, position_kind, position, echelon, unit_id,
  email, phone, current)
SELECT p.id, nip, name, '1985-01-01', 'pns', '01', grade, '', kind, 'Staf', '', u.id, '', '', true
FROM person p JOIN subunit u ON u.n = p.unit;
INSERT INTO participant (round_id, employee_id, agency_id, unit_id, employment, grade, position_kind, name, nip, printed,
  n_pending, n_signed, n_deferred, n_exempt, n_left)
SELECT %(round)s, p.id, u.agency, u.id, 'pns', grade, kind, name, nip, jsonb_build_object('unit', 'Unit ' || u.n, 'position', 'Staf'),
  2, 0, 0, 0, 0
FROM person p JOIN subunit u ON u.n = p.unit;
INSERT INTO obligation (id, round_id, employee_id, pledge, state, reason)
SELECT gen_random_uuid(), %(round)s, id, pledge, 'pending', ''
FROM person, unnest(ARRAY['ikrar_netralitas', 'pakta_integritas']) pledge;
"""
SIGN = (
    """UPDATE obligation SET state = 'signed', document_id = gen_random_uuid(), signed_at = %(at)s
    WHERE round_id = %(round)s AND employee_id = ANY (%(people)s)""",
    """UPDATE participant SET n_pending = 0, n_signed = 2, signed_at = %(at)s
    WHERE round_id = %(round)s AND employee_id = ANY (%(people)s)""",
)


def person(number: int) -> UUID:
    """Return the id of a person by number, from 1 on."""
    return UUID(f"00000000-0000-7000-a000-{number:012x}")


def agency(rank: int) -> UUID:
    """Return the id of an agency by size, the largest is 1."""
    return UUID(f"00000000-0000-7000-8000-{rank:012x}")


def build(connection: psycopg.Connection[Any], people: int) -> None:
    """Write the register; foreign keys and the triggers of the roster are not run, for there is nothing they would find."""
    values = {
        "first": FIRST,
        "middle": MIDDLE,
        "last": LAST,
        "agencies": AGENCIES,
        "units": UNITS - AGENCIES - 1,
        "city": CITY,
        "round": ROUND,
        "opened": OPENED,
        "closes": CLOSES,
        "people": people,
    }
    connection.execute("SET session_replication_role = replica")
    connection.execute("SELECT setseed(0.5)")
    for statement in BUILD.split(";\n"):
        if statement.strip():
            with psycopg.ClientCursor(connection) as cursor:
                cursor.execute(statement, values)
    connection.execute("SET session_replication_role = origin")
    connection.execute("VACUUM ANALYZE")


def sign(connection: psycopg.Connection[Any], numbers: range, at: datetime) -> None:
    """Have people sign both pledges; the triggers count each of them as they do in a ceremony."""
    values = {"at": at, "round": ROUND, "people": [person(number) for number in numbers]}
    with connection.transaction():
        for statement in SIGN:
            connection.execute(statement, values)


async def history(database: Database, connection: psycopg.Connection[Any], people: int) -> None:
    """Sixty waves over thirty days, folded as the job would."""
    signing = int(SHARE * people)
    size, portion = math.ceil(signing / WAVES), 10_000
    for wave in range(WAVES):
        at = OPENED + timedelta(days=DAYS * wave / WAVES)
        end = min((wave + 1) * size, signing)
        for start in range(wave * size, end, portion):
            at += timedelta(seconds=1)
            sign(connection, range(start + 1, min(start + portion, end) + 1), at)
            async with database.transaction() as session:
                await counting.fold(session, ROUND, now=at)
