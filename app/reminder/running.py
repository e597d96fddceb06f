"""Plan the waves that are due, write their lists, and send: by one process at a time, taken up where a dead one left off."""

from datetime import datetime
from uuid import UUID

import structlog

from app.core.db import Session
from app.core.ids import new_id
from app.pledge import service as pledge
from app.pledge.models import PledgeRound
from app.reminder import queries
from app.reminder.audience import service as audience
from app.reminder.journal import Journal, open_journal
from app.reminder.means import Means
from app.reminder.models import ReminderPlan, ReminderWave
from app.reminder.plan import Plan, default_plan
from app.reminder.quiet_hours import is_quiet
from app.reminder.sending import Sending
from app.reminder.waves import GRACE, planned_waves

log = structlog.get_logger()


async def run(means: Means) -> int:
    """Do everything that is due; return how many waves were taken up. Another process at it: nothing is done here."""
    async with means.database.transaction() as turn:
        if not await queries.try_run(turn):
            return 0
        with open_journal(means.folder) as journal:
            if journal is None:  # it lost its turn with its connection, and lives
                return 0
            due = await _begin(means, journal)
            for wave_id in due:
                await _run_wave(means, journal, wave_id)
            return len(due)


def plan_of(means: Means, kept: ReminderPlan | None) -> Plan:
    """Return the schedule of a round."""
    return Plan.model_validate(kept.plan) if kept else default_plan(means.reminder)


async def _begin(means: Means, journal: Journal) -> list[UUID]:
    """Settle what a dead process was sending, plan what the schedule asks for, and list what is due."""
    now = means.clock.now()
    async with means.database.transaction() as session:
        if orphans := await queries.settle_orphans(session, journal.left, now):
            log.warning("reminder.outcome_unknown", messages=orphans)
    journal.begin()
    async with means.database.transaction() as session:
        if (await queries.get_pause(session)).paused_at is not None:
            return []
        if means.reminder.automatic and means.channels.delivering:
            for pledge_round, kept in await queries.list_open_rounds(session):
                await _plan_due(session, means, pledge_round, plan_of(means, kept), now)
        return [wave.id for wave in await queries.list_due(session, now)]


async def _plan_due(session: Session, means: Means, pledge_round: PledgeRound, plan: Plan, now: datetime) -> None:
    """Record the waves of a round whose time has come; those that are long past are recorded as missed."""
    opened_at = max(pledge_round.opened_at or now, pledge_round.opens_at)
    planned = planned_waves(plan, opened_at, pledge_round.closes_at, means.service.timezone)
    coming = [wave for wave in planned if wave.planned_at <= now]
    known = await queries.known_waves(session, pledge_round.id) if coming else set()
    rows = [
        {
            "id": new_id(),
            "round_id": pledge_round.id,
            "kind": wave.kind,
            "planned_at": wave.planned_at,
            "due_at": wave.due_at,
            "state": "planned" if now < wave.due_at + GRACE else "missed",
            "created_at": now,
        }
        for wave in coming
        if (wave.kind, wave.planned_at) not in known
    ]
    await queries.add_waves(session, rows)


async def _run_wave(means: Means, journal: Journal, wave_id: UUID) -> None:
    async with means.database.transaction() as session:
        wave = await queries.lock_wave(session, wave_id)
        if wave is None or wave.state not in {"planned", "running"}:
            return
        pledge_round = await pledge.get_round(session, wave.round_id)
        plan = plan_of(means, await queries.find_plan(session, wave.round_id))
        now = means.clock.now()
        if pledge_round.status != "open" or pledge_round.closes_at <= now:
            await queries.skip_waiting(session, wave_id, "closed", now)
            wave.state, wave.finished_at = "done", now
            return
        if is_quiet(now, means.service.timezone, plan.quiet_from, plan.quiet_until):
            return
    await _write_list(means, wave_id, plan)
    await Sending(means, wave_id, pledge_round, plan, journal).run()
    async with means.database.transaction() as session:
        wave = await queries.lock_wave(session, wave_id)
        if wave is not None and wave.state == "running" and not await queries.has_waiting(session, wave_id):
            wave.state, wave.finished_at = "done", means.clock.now()
            log.info("reminder.wave_done", wave=str(wave_id), kind=wave.kind)


async def _write_list(means: Means, wave_id: UUID, plan: Plan) -> None:
    channels = means.channels.available(plan.channels)
    wave: ReminderWave | None = None
    while wave is None or wave.state == "planned":
        async with means.database.transaction() as session:
            wave = await queries.lock_wave(session, wave_id)
            if wave is None or wave.state != "planned":
                return
            await audience.fill(session, wave, plan, channels, zone=means.service.timezone, now=means.clock.now())
