"""Employees, as other nouns ask for them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from app.asn import nip as nips
from app.asn import queries, without_nip
from app.asn.models import Employee
from app.core.db import Session
from app.core.errors import NotFound
from app.core.permission import Permission
from app.core.principal import Principal, Scope
from app.opd.models import Unit


@dataclass(frozen=True, slots=True)
class RosterPerson:
    """A person as a round freezes them; `printed` holds what documents print."""

    id: UUID
    agency_id: UUID
    unit_id: UUID
    name: str
    nip: str
    employment: str
    legal_status: str
    grade: str
    position_kind: str
    printed: dict[str, str]


async def get_employee(session: Session, employee_id: UUID) -> Employee:
    """Return an employee; raises `NotFound`."""
    found = await queries.find_by_id(session, employee_id)
    if found is None:
        raise NotFound
    return found


async def find_by_nip(session: Session, nip: str) -> Employee | None:
    """Return the current employee with a NIP, however it is grouped."""
    reading = nips.read(nip)
    return await queries.find_by_nip(session, reading.nip.digits) if reading.nip else None


async def find_by_number(session: Session, number: str) -> Employee | None:
    """Return the current employee with a NIP, or with an agency's number when it is no NIP: one question whatever it is."""
    reading = nips.read(number)
    local = without_nip.local_number(number)[0]
    return await queries.find_by_number(session, reading.nip.digits if reading.nip else "", local)


def shown_nip(actor: Principal, nip: str) -> str:
    """Return a NIP as the caller may see it: auditors see it masked."""
    return nip if actor.may(Permission.NIP_READ) else nips.mask(nip)


def shown_number(actor: Principal, number: str) -> str:
    """Return an agency's number as the caller may see it: who sees NIPs masked sees its last two characters."""
    return number if actor.may(Permission.NIP_READ) or not number else f"******{number[-2:]}"


async def require_visible(session: Session, scope: Scope, ids: Sequence[UUID]) -> None:
    """Raise `NotFound` unless all the ids are current employees inside the scope: one outside hides them all."""
    if await queries.count_visible(session, scope, ids) != len(set(ids)):
        raise NotFound


async def hold_roster(session: Session) -> None:
    """Let nobody change the roster until this transaction has ended; whoever is changing it is waited for."""
    await queries.hold_state(session)


async def has_employees(session: Session) -> bool:
    """Whether anybody is on the roster."""
    return await queries.has_current(session)


async def list_visible(session: Session, actor: Principal, limit: int, **filters: Any) -> list[tuple[Employee, Unit]]:
    """Return current employees inside the caller's scope with their units, by name."""
    actor.require(Permission.EMPLOYEE_READ)
    return await queries.list_visible(session, actor.scope, limit=limit, **filters)


async def stream_current(
    session: Session, batch: int, *conditions: ColumnElement[bool]
) -> AsyncIterator[list[RosterPerson]]:
    """Yield everybody on the roster, or whoever meets conditions on the person and the unit, in batches."""
    async for rows in queries.stream_current(session, batch, conditions):
        yield [_person(employee, unit, agency_id, agency) for employee, unit, agency_id, agency in rows]


def _person(employee: Employee, unit: str, agency_id: UUID, agency: str) -> RosterPerson:
    printed = {
        "name": employee.name,
        "nip": nips.group(employee.nip),
        "grade": employee.grade_title,
        "position": employee.position,
        "unit": unit,
        "agency": agency,
    }
    return RosterPerson(
        id=employee.id,
        agency_id=agency_id,
        unit_id=employee.unit_id,
        name=employee.name,
        nip=employee.nip,
        employment=employee.employment,
        legal_status=employee.legal_status,
        grade=employee.grade,
        position_kind=employee.position_kind,
        printed=printed,
    )
