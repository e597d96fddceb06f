"""Heads of units over the API."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from app.asn import service as people
from app.asn.models import Employee, UnitHead
from app.asn.reorganising import heads
from app.asn.reorganising.schemas import HeadCreate, HeadRead
from app.core.http import ActorDep, ClockDep, SessionDep, resources
from app.core.paging import CursorInvalid, CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.transparency.record import LogIdentity

router = Router(prefix="/opd/{unit_id}/heads", tags=["opd"])


@router.post("", status_code=201)
async def record_head(
    unit_id: UUID, body: HeadCreate, request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> HeadRead:
    """Record who leads a unit: definitively, Plt. or Plh."""
    log = resources(request).get(LogIdentity)
    head = await heads.record_head(session, actor, log, unit_id, body, now=clock.now())
    return _read(head, await people.get_employee(session, head.employee_id))


@router.get("")
async def list_heads(
    unit_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    as_of: Annotated[date | None, Query(description="Only who leads the unit on that day.")] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> list[HeadRead]:
    """List who leads and led a unit, who began last first."""
    parts = decode_cursor(cursor, 2)
    found = await heads.list_heads(session, actor, unit_id, as_of, _mark(parts) if parts else None, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1][0].valid_from, found[-1][0].id))
    return [_read(head, person) for head, person in found]


def _read(head: UnitHead, person: Employee) -> HeadRead:
    return HeadRead.model_validate(
        {**{n: getattr(head, n) for n in HeadRead.model_fields if n != "name"}, "name": person.name}
    )


def _mark(parts: list[str]) -> tuple[date, UUID]:
    try:
        return date.fromisoformat(parts[0]), uuid_part(parts[1])
    except ValueError:
        raise CursorInvalid from None
