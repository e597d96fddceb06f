"""People over the API: the list of today or of a day, one person, and what was ever recorded about them."""

import re
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from app.asn import nip, service, without_nip
from app.asn.history import service as history
from app.asn.models import Employee, EmployeeVersion
from app.asn.schemas import EmployeeDetail, EmployeeRead, Employment, VersionRead
from app.asn.search import service as searching
from app.core.db import Session
from app.core.http import ActorDep, SessionDep
from app.core.paging import CursorInvalid, CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.principal import Principal
from app.core.routing import Router
from app.opd.models import Unit

router = Router(prefix="/employees", tags=["asn"])
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
    """List people on the roster inside the caller's scope: by name, or, when something is looked for, the best match first.

    `q` is parts of a name, a NIP or a unit; old spellings, accents, degrees and a slip of the pen do not matter.
    """
    if q is not None and nip_ is None and as_of is None:
        matched, following = await _search(session, actor, q, searching.Filters(opd, unit, employment), cursor, limit)
        if following is not None:
            link_next(request, response, following)
        return matched
    parts = decode_cursor(cursor, 2)
    reading = nip.read(nip_) if nip_ else None
    filters: dict[str, Any] = {
        "search": q,
        "nip": reading.nip.digits if reading and reading.nip else None,
        "local_number": without_nip.local_number(nip_)[0] if reading and nip_ and reading.nip is None else None,
        "agency_id": opd,
        "unit_id": unit,
        "employment": employment,
        "after": (parts[0], uuid_part(parts[1])) if parts else None,
    }
    people = await _list(session, actor, as_of, limit + 1, filters)
    if len(people) > limit:
        people = people[:limit]
        link_next(request, response, encode_cursor(people[-1].name, people[-1].id))
    return people


@router.get("/{employee_id}")
async def read_employee(employee_id: UUID, session: SessionDep, actor: ActorDep) -> EmployeeDetail:
    """Read what is kept about a person."""
    person, unit, since = await history.get_visible(session, actor, employee_id)
    return EmployeeDetail(
        **_person(actor, person, person.id, unit).model_dump(),
        birth_date=person.birth_date,
        grade_title=person.grade_title,
        position_kind=person.position_kind,
        echelon=person.echelon,
        current=person.current,
        since=since,
        merged_into=person.merged_into,
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
    return [_version(actor, version, unit) for version, unit in found]


async def _list(
    session: Session, actor: Principal, as_of: date | None, limit: int, filters: dict[str, Any]
) -> list[EmployeeRead]:
    """Return people by name, of today or of a day."""
    if as_of is None:
        current = await service.list_visible(session, actor, limit, **filters)
        return [_person(actor, p, p.id, of) for p, of in current]
    of_day = await history.list_as_of(session, actor, as_of, limit, **filters)
    return [_person(actor, p, p.employee_id, of) for p, of in of_day]


async def _search(
    session: Session, actor: Principal, q: str, filters: searching.Filters, cursor: str | None, limit: int
) -> tuple[list[EmployeeRead], str | None]:
    """Return a page of who is found, and the cursor of the next."""
    found, mark = await searching.search(session, actor, q, filters, after=_search_mark(cursor), limit=limit)
    people = [_person(actor, p, p.id, of) for p, of in found]
    if mark is None:
        return people, None
    return people, encode_cursor(mark.step, mark.word, mark.name, mark.employee_id, mark.unit_id)


def _search_mark(cursor: str | None) -> searching.Mark | None:
    parts = decode_cursor(cursor, 5)
    if parts is None:
        return None
    if re.fullmatch("[0-7]", parts[0]) is None:
        raise CursorInvalid
    return searching.Mark(int(parts[0]), parts[1], parts[2], uuid_part(parts[3]), uuid_part(parts[4]))


def _mark(parts: list[str]) -> tuple[date, int]:
    """Return the day and the number of the version a page ended with."""
    if re.fullmatch("[0-9]{1,18}", parts[1]) is None:
        raise CursorInvalid
    try:
        return date.fromisoformat(parts[0]), int(parts[1])
    except ValueError:
        raise CursorInvalid from None


def _person(actor: Principal, person: Employee | EmployeeVersion, employee_id: UUID, unit: Unit) -> EmployeeRead:
    return EmployeeRead(
        id=employee_id,
        nip=service.shown_nip(actor, person.nip),
        local_number=service.shown_number(actor, person.local_number),
        name=person.name,
        employment=person.employment,
        legal_status=person.legal_status,
        grade=person.grade,
        position=person.position,
        unit_id=person.unit_id,
        unit=unit.name,
        agency_id=unit.agency_id,
    )


def _version(actor: Principal, version: EmployeeVersion, unit: str) -> VersionRead:
    shown = {
        "unit": unit,
        "nip": service.shown_nip(actor, version.nip),
        "local_number": service.shown_number(actor, version.local_number),
    }
    return VersionRead(
        **{name: getattr(version, name) for name in VersionRead.model_fields if name not in shown}, **shown
    )
