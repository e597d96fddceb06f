"""Record and find who takes note of the pledges of an agency."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from app.asn import nip as nips
from app.asn import service as asn
from app.asn.models import Employee
from app.core.clock import local_day
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.countersigner import queries
from app.countersigner.errors import CountersignerUnknown, CountersigningNotAsked, MandateDates, MandateMissing
from app.countersigner.models import Countersigner
from app.countersigner.schemas import CountersignerCreate
from app.opd.models import Unit
from app.pdf.person import Official
from app.pledge import service as pledge
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

UNNAMED = "(" + "." * 36 + ")"  # where the name will be known later, as on paper
ACTING = {"head": "", "plt": "Plt. ", "plh": "Plh. "}


Terms = Callable[[datetime], bool]
"""Whether a person took note of an agency's pledges at a moment."""


class Noting(NamedTuple):
    """Whose note a person's pledge waits for: the agency it is asked of, what is printed, and which record that follows."""

    agency_id: UUID
    official: Official
    countersigner_id: UUID | None


async def record(
    session: Session,
    actor: Principal,
    log: LogIdentity,
    round_id: UUID,
    wanted: CountersignerCreate,
    *,
    today: date,
    now: datetime,
) -> Countersigner:
    """Record who takes note of an agency's pledges from now on; whoever did so before is superseded, never erased.

    Raises `CountersigningNotAsked`, `CountersignerUnknown`, `MandateMissing`, `MandateDates`, and `NotFound` outside the scope.
    """
    actor.require(Permission.COUNTERSIGNER_WRITE)
    if not (await pledge.get_round(session, round_id, lock=True)).countersign:
        raise CountersigningNotAsked
    unit = await queries.find_unit(session, wanted.agency_id)
    if unit is None or (actor.scope.agencies is not None and unit.id not in actor.scope.agencies):
        raise NotFound
    _check_mandate(wanted, today)
    employee = await asn.find_by_nip(session, wanted.nip)
    if employee is None:
        raise CountersignerUnknown(nip=wanted.nip)
    await queries.supersede(session, round_id, unit.id, now)
    row = _row(round_id, unit, employee, wanted.position or f"{ACTING[wanted.capacity]}{_title(unit)}", now)
    row.capacity, row.mandate_number = wanted.capacity, wanted.mandate_number
    row.valid_from, row.valid_to, row.recorded_by = wanted.valid_from, wanted.valid_to, actor.id
    session.add(row)
    await session.flush()
    await _write_down(session, log, row, actor.id, now)
    return row


async def assign_heads(session: Session, round_id: UUID, *, now: datetime) -> None:
    """Find each agency's head on the roster when a round opens; one that was recorded before stays.

    An agency whose head's position is held by nobody, or by several, gets none: that shows in `list_agencies`.
    """
    found: dict[UUID, list[tuple[Unit, Employee]]] = defaultdict(list)
    for unit, employee in await queries.list_heads(session):
        found[unit.id].append((unit, employee))
    recorded = {c.agency_id for c in await queries.list_live(session, round_id, list(found))}
    for agency_id, heads in found.items():
        if len(heads) == 1 and agency_id not in recorded:
            unit, employee = heads[0]
            session.add(_row(round_id, unit, employee, unit.head_title, now))
    await session.flush()


async def list_agencies(
    session: Session, actor: Principal, round_id: UUID, after: int | None, limit: int
) -> list[tuple[Unit, Countersigner | None]]:
    """Return the agencies the caller may see, in the order of the unit file, each with its live countersigner."""
    actor.require(Permission.OBLIGATION_READ)
    await pledge.get_round(session, round_id)
    return await queries.list_agencies(session, round_id, actor.scope, after, limit)


def cause(found: Countersigner | None, today: date) -> str:
    """Return why nobody can take note now: `missing`, `mandate_over`, or nothing."""
    if found is None:
        return "missing"
    return "" if holds(found, today) else "mandate_over"


def holds(found: Countersigner, today: date) -> bool:
    """Whether a countersigner's mandate covers a day."""
    return (found.valid_from is None or found.valid_from <= today) and (
        found.valid_to is None or today <= found.valid_to
    )


async def note_for(
    session: Session, round_id: UUID, agency_id: UUID, employee_id: UUID, *, today: date
) -> Noting | None:
    """Return who is printed under "Mengetahui" on a person's pledge, or None where nobody stands above the person.

    Whoever takes note of the agency's pledges has the own ones noted by the one recorded for the unit above all agencies. Where an
    agency has nobody, its head's title is printed without a name, and whoever is recorded later takes note.
    """
    root = await queries.find_root(session)
    places = [agency_id, *([root.id] if root and root.id != agency_id else [])]
    live = {c.agency_id: c for c in await queries.list_live(session, round_id, places) if holds(c, today)}
    own = live.get(agency_id)
    if own is None:
        unit = await queries.find_unit(session, agency_id)
        title = _title(unit) if unit else ""
        return Noting(agency_id, Official(UNNAMED, "", title), None) if title else None
    if own.employee_id != employee_id:
        return Noting(agency_id, official(own), own.id)
    above = live.get(places[-1]) if len(places) > 1 else None
    if above is None or above.employee_id == employee_id:
        return None
    return Noting(above.agency_id, official(above), above.id)


async def find_live(session: Session, round_id: UUID, agency_id: UUID) -> Countersigner | None:
    """Return who was recorded last for an agency, whatever the dates of the mandate."""
    return next(iter(await queries.list_live(session, round_id, [agency_id])), None)


async def offices_of(session: Session, employee_id: UUID, *, today: date) -> list[Countersigner]:
    """Return where a person takes note today: this makes the person a head."""
    return await queries.list_offices(session, employee_id, today)


def in_force(records: Sequence[Countersigner], at: datetime, *, timezone: str) -> bool:
    """Whether one of a person's records covers a moment: recorded by then, not superseded yet, and on a day of its mandate."""
    live = (r for r in records if r.recorded_at <= at and (r.superseded_at is None or at < r.superseded_at))
    return any(holds(record, local_day(at, timezone)) for record in live)


async def terms_of(session: Session, employee_id: UUID, round_id: UUID, agency_id: UUID, *, timezone: str) -> Terms:
    """Return what tells whether a person took note of an agency's pledges at a moment, past ones too."""
    records = await queries.list_terms(session, employee_id, round_id, agency_id)
    return partial(in_force, records, timezone=timezone)


async def list_by_ids(session: Session, ids: Sequence[UUID]) -> dict[UUID, Countersigner]:
    """Return countersigners by id, superseded ones too."""
    return {found.id: found for found in await queries.list_by_ids(session, ids)}


def official(found: Countersigner) -> Official:
    """Return what documents print about a countersigner."""
    return Official(name=found.name, nip=nips.group(found.nip), position=found.position, grade=found.grade)


def _title(unit: Unit) -> str:
    return unit.head_title or f"Kepala {unit.name}"


def _check_mandate(wanted: CountersignerCreate, today: date) -> None:
    if wanted.capacity != "head" and not (wanted.mandate_number.strip() and wanted.valid_from and wanted.valid_to):
        raise MandateMissing
    if wanted.valid_to and (wanted.valid_to < today or (wanted.valid_from and wanted.valid_to < wanted.valid_from)):
        raise MandateDates


def _row(round_id: UUID, unit: Unit, employee: Employee, position: str, now: datetime) -> Countersigner:
    return Countersigner(
        id=new_id(),
        round_id=round_id,
        agency_id=unit.id,
        employee_id=employee.id,
        capacity="head",
        name=employee.name,
        nip=employee.nip,
        grade=employee.grade_title,
        position=position,
        agency=unit.name,
        mandate_number="",
        recorded_at=now,
    )


async def _write_down(session: Session, log: LogIdentity, row: Countersigner, by: UUID, now: datetime) -> None:
    """The log knows that a mandate was recorded when it was; whose it is shows only to who can make the digest again."""
    facts = {
        "agency": str(row.agency_id),
        "capacity": row.capacity,
        "employee": str(row.employee_id),
        "mandate": row.mandate_number,
        "round": str(row.round_id),
        "valid_from": str(row.valid_from or ""),
        "valid_to": str(row.valid_to or ""),
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).digest()
    await transparency.record(session, log, [transparency.Entry(Fact.COUNTERSIGNER_RECORDED, row.id, digest, now, by)])
