"""Schedules, waves, the pause of everything, and the people who are told figures."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core import jobs
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.opd import service as opd
from app.pledge import service as pledge
from app.pledge.errors import RoundNotOpen
from app.pledge.models import PledgeRound
from app.reminder import queries
from app.reminder.audience import queries as audience_queries
from app.reminder.channels.registry import Channels
from app.reminder.errors import NoChannel, QuietAlways, TooLate, WaveOver
from app.reminder.means import Means
from app.reminder.models import ReminderPause, ReminderRecipient, ReminderWave
from app.reminder.plan import Plan, default_plan
from app.reminder.quiet_hours import is_quiet_time, next_allowed
from app.reminder.schemas import PauseWrite, PlanRead, RecipientCreate, WaveCreate, WaveToCome
from app.reminder.waves import planned_waves

RUN_JOB = "reminder.run"


async def read_plan(session: Session, actor: Principal, means: Means, round_id: UUID) -> PlanRead:
    """Return a round's schedule and what it will send."""
    actor.require(Permission.OBLIGATION_READ)
    pledge_round = await pledge.get_round(session, round_id)
    kept = await queries.find_plan(session, round_id)
    plan = Plan.model_validate(kept.plan) if kept else default_plan(means.reminder)
    return _plan_read(means, pledge_round, plan, own=kept is not None, now=means.clock.now())


async def change_plan(session: Session, actor: Principal, means: Means, round_id: UUID, plan: Plan) -> PlanRead:
    """Set a round's schedule; waves that were made already stay. Raises `QuietAlways` for a sending time in the quiet hours."""
    actor.require(Permission.REMINDER_WRITE)
    pledge_round = await pledge.get_round(session, round_id)
    if is_quiet_time(plan.at, plan.quiet_from, plan.quiet_until):
        raise QuietAlways(at=f"{plan.at:%H.%M}")
    now = means.clock.now()
    await queries.keep_plan(session, round_id, plan.model_dump(mode="json"), actor.id, now)
    return _plan_read(means, pledge_round, plan, own=True, now=now)


def _plan_read(means: Means, pledge_round: PledgeRound, plan: Plan, *, own: bool, now: datetime) -> PlanRead:
    opened_at = max(pledge_round.opened_at or now, pledge_round.opens_at)
    waves = planned_waves(plan, opened_at, pledge_round.closes_at, means.service.timezone)
    over = pledge_round.status == "closed"
    return PlanRead(
        round_id=pledge_round.id,
        own=own,
        automatic=means.reminder.automatic and means.channels.delivering,
        channels_available=means.channels.available(plan.channels),
        plan=plan,
        coming=[WaveToCome(**wave._asdict()) for wave in waves if wave.due_at > now and not over],
    )


async def ask_wave(
    session: Session, actor: Principal, means: Means, round_id: UUID, wanted: WaveCreate
) -> ReminderWave:
    """Make a wave by hand: caps, quiet hours and the stop on signing hold for it too. The same one asked for again is the same wave.

    Raises `RoundNotOpen`, `NoChannel`, `TooLate`.
    """
    actor.require(Permission.REMINDER_WRITE)
    pledge_round = await pledge.get_round(session, round_id)
    now = means.clock.now()
    if pledge_round.status != "open" or pledge_round.closes_at <= now:
        raise RoundNotOpen(title=pledge_round.title)
    kept = await queries.find_plan(session, round_id)
    plan = Plan.model_validate(kept.plan) if kept else default_plan(means.reminder)
    _require_channel(means.channels, plan.channels if wanted.kind == "manual" else ["mail"])
    planned_at = max(wanted.at or now, now)
    due_at = next_allowed(planned_at, means.service.timezone, plan.quiet_from, plan.quiet_until)
    if due_at >= pledge_round.closes_at:
        raise TooLate
    wave: dict[str, Any] = {"round_id": round_id, "kind": wanted.kind, "planned_at": planned_at}
    made = {"id": new_id(), "due_at": due_at, "state": "planned", "created_at": now, "created_by": actor.id}
    await queries.add_waves(session, [wave | made])
    found = await queries.find_wave(session, **wave)
    if found is None:
        raise NotFound
    await jobs.defer(session, RUN_JOB)
    return found


def _require_channel(channels: Channels, wanted: Sequence[str]) -> None:
    if not channels.available(wanted):
        raise NoChannel


async def cancel_wave(session: Session, actor: Principal, wave_id: UUID, *, now: datetime) -> ReminderWave:
    """Stop a wave: what has not been handed over by now never is. Raises `WaveOver`."""
    actor.require(Permission.REMINDER_WRITE)
    wave = await queries.lock_wave(session, wave_id)
    if wave is None:
        raise NotFound
    if wave.state not in {"planned", "running"}:
        raise WaveOver
    wave.state, wave.cancelled_at, wave.cancelled_by = "cancelled", now, actor.id
    await session.flush()
    await queries.skip_waiting(session, wave_id, "cancelled", now)
    return wave


async def read_pause(session: Session, actor: Principal) -> ReminderPause:
    """Return whether everything is stopped."""
    actor.require(Permission.OBLIGATION_READ)
    return await queries.get_pause(session)


async def pause(session: Session, actor: Principal, wanted: PauseWrite, *, now: datetime) -> ReminderPause:
    """Stop everything, from the next message on, or let it go on where it was."""
    actor.require(Permission.REMINDER_WRITE)
    row = await queries.get_pause(session)
    if wanted.paused:
        row.paused_at, row.paused_by, row.reason = row.paused_at or now, actor.id, wanted.reason
    else:
        row.paused_at, row.paused_by, row.reason = None, actor.id, ""
        await jobs.defer(session, RUN_JOB)
    await session.flush()
    return row


async def list_recipients(session: Session, actor: Principal) -> list[ReminderRecipient]:
    """Return who is told figures beside the heads, inside the caller's scope."""
    actor.require(Permission.REMINDER_WRITE)
    found = await audience_queries.list_recipients(session)
    agencies = actor.scope.agencies
    return [one for one in found if agencies is None or one.agency_id in agencies]


async def add_recipient(
    session: Session, actor: Principal, wanted: RecipientCreate, *, now: datetime
) -> ReminderRecipient:
    """Name somebody who is told figures; raises `NotFound` for a unit that is no agency of the caller's."""
    actor.require(Permission.REMINDER_WRITE)
    if wanted.agency_id is None:
        if not actor.scope.everything:
            raise NotFound
    elif not (await opd.require_visible_unit(session, actor, wanted.agency_id)).is_agency:
        raise NotFound
    made = ReminderRecipient(id=new_id(), **wanted.model_dump(), created_at=now, created_by=actor.id)
    session.add(made)
    await session.flush()
    return made


async def drop_recipient(session: Session, actor: Principal, recipient_id: UUID) -> None:
    """Tell somebody nothing any more."""
    found = next((one for one in await list_recipients(session, actor) if one.id == recipient_id), None)
    if found is None:
        raise NotFound
    await session.delete(found)
