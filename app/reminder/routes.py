"""Schedules, waves and the pause over the API."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.core.http import ActorDep, ClockDep, SessionDep, resources
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.reminder import service
from app.reminder.audience import routes as audience
from app.reminder.listing import routes as deliveries
from app.reminder.listing import service as listing
from app.reminder.means import Means, means_of
from app.reminder.models import ReminderPause, ReminderWave
from app.reminder.plan import Plan
from app.reminder.schemas import (
    PauseRead,
    PauseWrite,
    PlanRead,
    RecipientCreate,
    RecipientRead,
    WaveCreate,
    WaveRead,
)

router = Router(tags=["reminders"])
router.include_router(audience.router)
router.include_router(deliveries.router)


async def get_means(request: Request) -> Means:
    """Return what planning needs."""
    return means_of(resources(request))


MeansDep = Annotated[Means, Depends(get_means)]


@router.get("/rounds/{round_id}/reminders")
async def read_plan(round_id: UUID, session: SessionDep, actor: ActorDep, means: MeansDep) -> PlanRead:
    """Read a round's schedule, and when the next waves leave."""
    return await service.read_plan(session, actor, means, round_id)


@router.put("/rounds/{round_id}/reminders")
async def change_plan(round_id: UUID, body: Plan, session: SessionDep, actor: ActorDep, means: MeansDep) -> PlanRead:
    """Set a round's schedule."""
    return await service.change_plan(session, actor, means, round_id, body)


@router.post("/rounds/{round_id}/reminders/waves", status_code=202)
async def ask_wave(round_id: UUID, body: WaveCreate, session: SessionDep, actor: ActorDep, means: MeansDep) -> WaveRead:
    """Ask for a wave now or at a time; a job sends it, within the caps and outside the quiet hours."""
    wave = await service.ask_wave(session, actor, means, round_id, body)
    return _read(wave, {})


@router.get("/rounds/{round_id}/reminders/waves")
async def list_waves(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: CursorQuery = None,
) -> list[WaveRead]:
    """List a round's waves, newest first, with how many of the messages the caller may see stand where."""
    parts = decode_cursor(cursor, 1)
    found = await listing.list_waves(session, actor, round_id, limit + 1, uuid_part(parts[0]) if parts else None)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1][0].id))
    return [_read(wave, counts) for wave, counts in found]


@router.post("/reminder-waves/{wave_id}/cancel")
async def cancel_wave(wave_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> WaveRead:
    """Stop a wave: what has not been handed over by now never is."""
    wave = await service.cancel_wave(session, actor, wave_id, now=clock.now())
    return _read(*await listing.counted(session, actor, wave))


@router.get("/reminders/pause")
async def read_pause(session: SessionDep, actor: ActorDep) -> PauseRead:
    """Whether everything is stopped."""
    return _pause(await service.read_pause(session, actor))


@router.put("/reminders/pause")
async def pause(body: PauseWrite, session: SessionDep, actor: ActorDep, clock: ClockDep) -> PauseRead:
    """Stop everything from the next message on, or go on."""
    return _pause(await service.pause(session, actor, body, now=clock.now()))


@router.get("/reminder-recipients")
async def list_recipients(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[RecipientRead]:
    """List who is told figures beside the heads."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else UUID(int=0)
    found = [one for one in await service.list_recipients(session, actor) if one.id > after]
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [RecipientRead.model_validate(one, from_attributes=True) for one in found]


@router.post("/reminder-recipients", status_code=201)
async def add_recipient(body: RecipientCreate, session: SessionDep, actor: ActorDep, clock: ClockDep) -> RecipientRead:
    """Name somebody who is told the figures of an agency, or of all."""
    made = await service.add_recipient(session, actor, body, now=clock.now())
    return RecipientRead.model_validate(made, from_attributes=True)


@router.delete("/reminder-recipients/{recipient_id}", status_code=204)
async def drop_recipient(recipient_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Tell somebody nothing any more."""
    await service.drop_recipient(session, actor, recipient_id)


def _read(wave: ReminderWave, counts: dict[str, int]) -> WaveRead:
    values: dict[str, Any] = {name: getattr(wave, name) for name in WaveRead.model_fields if name != "counts"}
    return WaveRead(**values, counts=counts)


def _pause(row: ReminderPause) -> PauseRead:
    return PauseRead(paused=row.paused_at is not None, paused_at=row.paused_at, reason=row.reason)
