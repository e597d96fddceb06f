"""Changes of units over the API: tried out, made, listed."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from app.asn.reorganising import service
from app.core.http import ActorDep, ClockDep, SessionDep, TodayDep, resources
from app.core.paging import CursorInvalid, CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.opd.changing import planned
from app.opd.changing import service as changing
from app.opd.changing.schemas import UnitChangeRead, UnitChangeWrite, UnitPlanRead
from app.transparency.record import LogIdentity

router = Router(prefix="/opd/changes", tags=["opd"])


@router.post("", status_code=201)
async def change_units(
    body: UnitChangeWrite,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    today: TodayDep,
    preview: Annotated[bool, Query(description="Only tell what would change, and for which open rounds.")] = False,
) -> UnitChangeRead:
    """Merge, split, rename or move units from a day on; with `preview=true` nothing is written (200).

    From a day to come: it is `planned`, takes effect by itself on its day, and can be cancelled before.
    """
    if preview:
        response.status_code = 200
        return await service.preview(session, actor, body, today=today)
    if body.effective_on > today:
        return await service.plan_ahead(session, actor, body, now=clock.now(), today=today)
    log = resources(request).get(LogIdentity)
    return await service.carry_out(session, actor, log, body, now=clock.now(), today=today)


@router.get("")
async def list_changes(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> list[UnitChangeRead]:
    """List changes of units, the newest first."""
    parts = decode_cursor(cursor, 2)
    found = await changing.list_changes(session, actor, _mark(parts) if parts else None, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].created_at.isoformat(), found[-1].id))
    names = [name for name in UnitChangeRead.model_fields if name not in {"rounds", "state"}]
    return [UnitChangeRead(**{name: getattr(one, name) for name in names}, rounds=None) for one in found]


@router.get("/planned")
async def list_plans(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    state: Annotated[Literal["planned", "done", "cancelled", "failed"] | None, Query()] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> list[UnitPlanRead]:
    """List changes of units from days to come, and what became of earlier ones, by their day."""
    parts = decode_cursor(cursor, 2)
    found = await planned.list_plans(session, actor, state, _day_mark(parts) if parts else None, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].effective_on.isoformat(), found[-1].id))
    return [UnitPlanRead.model_validate(one, from_attributes=True) for one in found]


@router.delete("/planned/{plan_id}")
async def cancel_plan(plan_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> UnitPlanRead:
    """Cancel a planned change before its day."""
    cancelled = await planned.cancel(session, actor, plan_id, now=clock.now())
    return UnitPlanRead.model_validate(cancelled, from_attributes=True)


def _day_mark(parts: list[str]) -> tuple[date, UUID]:
    try:
        return date.fromisoformat(parts[0]), uuid_part(parts[1])
    except ValueError:
        raise CursorInvalid from None


def _mark(parts: list[str]) -> tuple[datetime, UUID]:
    try:
        return datetime.fromisoformat(parts[0]), uuid_part(parts[1])
    except ValueError:
        raise CursorInvalid from None
