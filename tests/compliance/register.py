"""A round of synthetic people written straight into the tables, and the ways in which its states change."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from app.core.ids import new_id

OPENED = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PLEDGES = ("ikrar_netralitas", "pakta_integritas")
STATES = ("pending", "signed", "deferred", "exempt", "left")


@dataclass
class Register:
    """An open round: its id, its agencies, its units (with their agency) and its people."""

    round_id: UUID
    agencies: list[UUID]
    units: list[tuple[UUID, UUID]]
    people: list[UUID] = field(default_factory=list)


def write_round(connection: psycopg.Connection[Any], *, people: int, seed: int = 7) -> Register:
    """Write a city, an open round and its people, everybody pending but every ninth, who is exempt."""
    rng = random.Random(seed)
    root, agencies = new_id(), [new_id() for _ in range(3)]
    units = [(new_id(), agency) for agency in agencies for _ in range(2)]
    rows = [(root, None, root, "Pemerintah Kota")]
    rows += [(agency, root, agency, f"Dinas {n}") for n, agency in enumerate(agencies)]
    rows += [(unit, agency, agency, f"Unit {n}") for n, (unit, agency) in enumerate(units)]
    made = Register(new_id(), agencies, units)
    with connection.transaction():
        for place, (unit, parent, agency, name) in enumerate(rows):
            connection.execute(
                "INSERT INTO unit (id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position,"
                " valid_from) VALUES (%s, %s, %s, %s, %s, %s, '', '', %s, '2026-01-01')",
                (unit, f"U{place}", name, parent, agency, unit == agency, place),
            )
        connection.execute(
            "INSERT INTO round (id, title, election, year, cut_off, opens_at, closes_at, countersign, paper, status,"
            " created_at, opened_at) VALUES (%s, 'Uji', 'Pilkada', 2026, '2026-11-23', %s, %s, false, 'a4', 'open', %s, %s)",
            (made.round_id, OPENED, OPENED + timedelta(days=30), OPENED, OPENED),
        )
        for number in range(people):
            made.people.append(_write_person(connection, made, rng, number))
    return made


def _write_person(connection: psycopg.Connection[Any], made: Register, rng: random.Random, number: int) -> UUID:
    person, (unit, agency) = new_id(), rng.choice(made.units)
    state = "exempt" if number % 9 == 8 else "pending"
    employment, grade = rng.choice(("pns", "pppk")), rng.choice(("III/a", "III/b", "IX"))
    connection.execute(
        "INSERT INTO employee (id, nip, name, birth_date, employment, legal_status, grade, grade_title, position_kind,"
        " position, echelon, unit_id, email, phone, current) VALUES (%s, %s, %s, '1985-01-01', %s, '01', %s, '', 'pelaksana',"
        " 'Staf', '', %s, '', '', true)",
        (person, f"{number:018d}", f"ORANG {number}", employment, grade, unit),
    )
    connection.execute(
        "INSERT INTO participant (round_id, employee_id, agency_id, unit_id, employment, grade, position_kind, name, nip,"
        " printed, n_pending, n_signed, n_deferred, n_exempt, n_left) VALUES (%s, %s, %s, %s, %s, %s, 'pelaksana', %s, %s,"
        " '{}', %s, 0, 0, %s, 0)",
        (
            *(made.round_id, person, agency, unit, employment, grade, f"ORANG {number}", f"{number:018d}"),
            *((2, 0) if state == "pending" else (0, 2)),
        ),
    )
    for pledge in PLEDGES:
        connection.execute(
            "INSERT INTO obligation (id, round_id, employee_id, pledge, state, reason) VALUES (%s, %s, %s, %s, %s, '')",
            (new_id(), made.round_id, person, pledge, state),
        )
    return person


def move(
    connection: psycopg.Connection[Any],
    made: Register,
    person: UUID,
    pledges: tuple[str, ...],
    state: str,
    at: datetime,
) -> None:
    """Bring some of a person's pledges into a state, in one transaction, as any later path of the code may: by SQL alone."""
    with connection.transaction():
        connection.execute(
            "SELECT FROM participant WHERE round_id = %s AND employee_id = %s FOR UPDATE", (made.round_id, person)
        )
        connection.execute(
            "UPDATE obligation SET state = %(state)s::text, signed_at = CASE WHEN %(state)s::text = 'signed' THEN %(at)s::timestamptz END,"
            " document_id = CASE WHEN %(state)s::text = 'signed' THEN gen_random_uuid() END"
            " WHERE round_id = %(round)s AND employee_id = %(person)s AND pledge = ANY (%(pledges)s)",
            {"state": state, "at": at, "round": made.round_id, "person": person, "pledges": list(pledges)},
        )
        connection.execute(
            "UPDATE participant p SET n_pending = o.pending, n_signed = o.signed, n_deferred = o.deferred,"
            ' n_exempt = o.exempt, n_left = o."left", signed_at = o.signed_at FROM (SELECT'
            " count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'signed') AS signed,"
            " count(*) FILTER (WHERE state = 'deferred') AS deferred, count(*) FILTER (WHERE state = 'exempt') AS exempt,"
            " count(*) FILTER (WHERE state = 'left') AS \"left\", max(signed_at) AS signed_at"
            " FROM obligation WHERE round_id = %(round)s AND employee_id = %(person)s) o"
            " WHERE p.round_id = %(round)s AND p.employee_id = %(person)s",
            {"round": made.round_id, "person": person},
        )
