"""Countersigners over the API."""

from uuid import UUID

from fastapi import Request, Response

from app.asn import service as asn
from app.core.clock import local_day
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, resources
from app.core.paging import CursorInvalid, CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next
from app.core.routing import Router
from app.countersigner import service
from app.countersigner.schemas import AgencyCountersigner, CountersignerCreate, CountersignerRead
from app.transparency.record import LogIdentity

router = Router(prefix="/rounds/{round_id}/countersigners", tags=["countersigning"])


@router.post("", status_code=201)
async def record_countersigner(
    round_id: UUID,
    body: CountersignerCreate,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> CountersignerRead:
    """Record who takes note of an agency's pledges: its head, or an acting one with number and dates of the mandate."""
    now = clock.now()
    today = local_day(now, settings.service.timezone)
    log = resources(request).get(LogIdentity)
    made = await service.record(session, actor, log, round_id, body, today=today, now=now)
    return CountersignerRead.of(made, asn.shown_nip(actor, made.nip))


@router.get("")
async def list_countersigners(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[AgencyCountersigner]:
    """List agencies with who takes note of their pledges; `cause` says why nobody does."""
    parts = decode_cursor(cursor, 1)
    if parts and not parts[0].isdecimal():
        raise CursorInvalid
    found = await service.list_agencies(session, actor, round_id, int(parts[0][:9]) if parts else None, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1][0].position))
    today = local_day(clock.now(), settings.service.timezone)
    return [
        AgencyCountersigner(
            agency_id=unit.id,
            agency=unit.name,
            head_title=unit.head_title,
            cause=service.cause(recorded, today),
            countersigner=CountersignerRead.of(recorded, asn.shown_nip(actor, recorded.nip)) if recorded else None,
        )
        for unit, recorded in found
    ]
