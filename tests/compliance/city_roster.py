"""What befalls the roster of the city: its first people, files that come in, and files that are taken back."""

import json
import random
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text

from app.asn.applying import service as applying
from app.core.db import Session
from app.core.ids import new_id
from app.core.settings import Settings
from tests.compliance.city import ASKER, City

WRITTEN = (
    "participant_change, exemption, obligation, participant, round_pledge, round, employee_version, employee, unit, roster_row,"
    " roster_missing, roster_import, roster_count, employee_unfollowed, employee_unindexed, employee_term, name_key, log_pending,"
    " log_leaf, log_entry, compliance_delta, compliance_head, compliance_cell, compliance_change, compliance_checkpoint,"
    " compliance_hour"
)
CODES = ("01", "01", "01", "01", "02", "04", "05", "66", "42")
FIELDS = ("employment", "legal_status", "unit", "echelon", "position_kind")


async def found(city: City) -> None:
    """Empty the database and settle ten people in six units of three agencies."""
    with psycopg.connect(city.owner_url, autocommit=True) as owner:
        owner.execute(f"TRUNCATE {WRITTEN} CASCADE")
    root, rows = new_id(), []
    rows.append((root, None, root, "Kota", "R"))
    for agency in range(3):
        top = new_id()
        rows.append((top, root, top, f"Dinas {agency}", f"A{agency}"))
        rows += [(new_id(), top, top, f"Unit {agency}{n}", f"U{agency}{n}") for n in range(2)]
    async with city.database.transaction() as session:
        for place, (unit, parent, agency, name, siasn) in enumerate(rows):
            await session.execute(
                text(
                    "INSERT INTO unit (id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position,"
                    " valid_from) VALUES (:id, :siasn, :name, :parent, :agency, :top, '', '', :place, '2026-01-01')"
                ),
                {
                    "id": unit,
                    "siasn": siasn,
                    "name": name,
                    "parent": parent,
                    "agency": agency,
                    "top": unit == agency,
                    "place": place,
                },
            )
    for number in range(4):
        await city.act(change_roster, number)


def _facts(rng: random.Random) -> dict[str, str]:
    return {
        "employment": rng.choice(("pns", "pns", "pppk", "non_asn")),
        "legal_status": rng.choice(CODES),
        "unit": f"U{rng.randrange(3)}{rng.randrange(2)}",
        "echelon": rng.choice(("", "31")),
        "position_kind": rng.choice(("1", "4")),
    }


async def change_roster(city: City, session: Session, rng: random.Random) -> None:
    """Stage an import as the reader would (new, moved, retired, returned, gone people) and apply it."""
    import_id, revision = new_id(), (await session.execute(text("SELECT revision FROM roster_state"))).scalar_one()
    await session.execute(
        text(
            "INSERT INTO roster_import (id, file_name, sha256, counts, units, layout, base_revision, created_by, created_at,"
            " status, reading) VALUES (:id, 'r.csv', :digest, '{}', '[]', '{}', :revision, :by, :now, 'staged', '')"
        ),
        {"id": import_id, "digest": "00" * 32, "revision": revision, "by": ASKER.id, "now": city.now},
    )
    touched = dict.fromkeys(rng.sample(range(16), 6))
    for place, number in enumerate(touched):
        await _stage_row(city, session, rng, import_id, place + 2, number)
    await applying.apply(session, ASKER, city.log, import_id, Settings(), now=city.now)
    city.imports.append(import_id)


async def _stage_row(
    city: City, session: Session, rng: random.Random, import_id: UUID, place: int, number: int
) -> None:
    wanted, nip = _facts(rng), f"1985010120100120{number:02d}"
    known = await _known(city, session, number)
    if known is not None and known["current"] and rng.random() < 0.3:
        await session.execute(
            text("INSERT INTO roster_missing (import_id, employee_id, decision, decided_on) VALUES (:i, :p, :d, :on)"),
            {"i": import_id, "p": known["id"], "d": rng.choice(("left", "transferred")), "on": city.today},
        )
        return
    changes = {} if known is None else {k: [known[k], wanted[k]] for k in FIELDS if known[k] != wanted[k]}
    if known is not None and not known["current"]:
        changes["current"] = [False, True]
    change = "new" if known is None else "changed" if changes else "unchanged"
    person = new_id() if known is None else known["id"]
    city.people[number] = person
    await session.execute(
        text(
            "INSERT INTO roster_row (import_id, sheet, row, place, outcome, change, changes, findings, silent, employee_id, nip,"
            " name, birth_date, grade, unit, employment, legal_status, echelon, position_kind) VALUES (:i, '', :place, :place,"
            " 'accepted', :change, CAST(:changes AS jsonb), '[]', '{}', :p, :nip, :name, '1985-01-01', 'III/a', :unit,"
            " :employment, :legal_status, :echelon, :position_kind)"
        ),
        {
            "i": import_id,
            "place": place,
            "change": change,
            "changes": json.dumps(changes),
            "p": person,
            "nip": nip,
            "name": f"ORANG {number:02d}",
            **wanted,
        },
    )


async def _known(city: City, session: Session, number: int) -> dict[str, Any] | None:
    statement = (
        "SELECT e.id, e.current, e.employment, e.legal_status, e.echelon, e.position_kind, u.siasn_id AS unit"
        " FROM employee e JOIN unit u ON u.id = e.unit_id WHERE e.id = :id"
    )
    row = (await session.execute(text(statement), {"id": city.people.get(number, UUID(int=0))})).mappings().first()
    return dict(row) if row else None


async def undo(city: City, session: Session, rng: random.Random) -> None:
    if city.imports:
        await applying.undo(session, ASKER, city.log, city.imports[-1], Settings(), now=city.now)
