"""People over the API: the list of today or of a day, one person, and what was ever recorded about them."""

import re
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.asn import nip, service
from app.asn.history import service as history
from app.asn.models import Employee, EmployeeVersion
from app.asn.schemas import EmployeeDetail, EmployeeRead, Employment, VersionRead
from app.core.http import ActorDep, SessionDep
from app.core.paging import CursorInvalid, CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.opd.models import Unit

router = APIRouter(prefix="/employees", tags=["asn"])
_PRINTABLE = r"^[^\x00]*$"  # PostgreSQL's text holds no zero byte


@router.get("")
async def list_employees(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    q: Annotated[str | None, Query(max_length=100, pattern=_PRINTABLE)] = None,
    nip_: Annotated[str | None, Query(alias="nip", max_length=40)] = None,
    unit: UUID | None = None,
    opd: UUID | None = None,
    employment: Employment | None = None,
    as_of: Annotated[date | None, Query(description="The people of that day, as is known today.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[EmployeeRead]:
    """List people on the roster by name, inside the caller's scope."""
    parts = decode_cursor(cursor, 2)
    reading = nip.read(nip_) if nip_ else None
    if reading is not None and reading.nip is None:
        return []
    filters = {
        "search": q,
        "nip": reading.nip.digits if reading and reading.nip else None,
        "agency_id": opd,
        "unit_id": unit,
        "employment": employment,
        "after": (parts[0], uuid_part(parts[1])) if parts else None,
    }
    people: list[EmployeeRead]
    if as_of is None:
        current = await service.list_visible(session, actor, limit + 1, **filters)
        people = [_person(p, p.id, of, service.shown_nip(actor, p.nip)) for p, of in current]
    else:
        found = await history.list_as_of(session, actor, as_of, limit + 1, **filters)
        people = [_person(p, p.employee_id, of, service.shown_nip(actor, p.nip)) for p, of in found]
    if len(people) > limit:
        people = people[:limit]
        link_next(request, response, encode_cursor(people[-1].name, people[-1].id))
    return people


@router.get("/{employee_id}")
async def read_employee(employee_id: UUID, session: SessionDep, actor: ActorDep) -> EmployeeDetail:
    """Read what is kept about a person."""
    person, unit, since = await history.get_visible(session, actor, employee_id)
    return EmployeeDetail(
        **_person(person, person.id, unit, service.shown_nip(actor, person.nip)).model_dump(),
        birth_date=person.birth_date,
        grade_title=person.grade_title,
        position_kind=person.position_kind,
        echelon=person.echelon,
        current=person.current,
        since=since,
    )


@router.get("/{employee_id}/history")
async def list_history(
    employee_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    superseded: Annotated[bool, Query(description="Also what was believed once and corrected since.")] = False,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[VersionRead]:
    """List what held of a person from when to when, what holds last first."""
    parts = decode_cursor(cursor, 2)
    after = _mark(parts) if parts else None
    found = await history.list_versions(
        session, actor, employee_id, superseded=superseded, after=after, limit=limit + 1
    )
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1][0].valid_from, found[-1][0].id))
    return [_version(version, unit, service.shown_nip(actor, version.nip)) for version, unit in found]


def _mark(parts: list[str]) -> tuple[date, int]:
    """Return the day and the number of the version a page ended with."""
    if re.fullmatch("[0-9]{1,18}", parts[1]) is None:
        raise CursorInvalid
    try:
        return date.fromisoformat(parts[0]), int(parts[1])
    except ValueError:
        raise CursorInvalid from None


def _person(person: Employee | EmployeeVersion, employee_id: UUID, unit: Unit, nip_shown: str) -> EmployeeRead:
    return EmployeeRead(
        id=employee_id,
        nip=nip_shown,
        name=person.name,
        employment=person.employment,
        legal_status=person.legal_status,
        grade=person.grade,
        position=person.position,
        unit_id=person.unit_id,
        unit=unit.name,
        agency_id=unit.agency_id,
    )


def _version(version: EmployeeVersion, unit: str, nip_shown: str) -> VersionRead:
    fields = {name: getattr(version, name) for name in VersionRead.model_fields if name not in {"unit", "nip"}}
    return VersionRead(**fields, unit=unit, nip=nip_shown)
