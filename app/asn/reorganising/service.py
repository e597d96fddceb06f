"""Carry out a change of units with the people who stand directly in those that end."""

from datetime import date, datetime

from app.asn.applying.queries import lock_state
from app.asn.queries import count_staff
from app.asn.revising import queries as revising
from app.asn.revising.service import log_fact
from app.asn.search import indexing
from app.core.db import Session
from app.core.errors import AppError
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.opd.changing import planned
from app.opd.changing import service as changing
from app.opd.changing.schemas import UnitChangeRead, UnitChangeWrite
from app.transparency.record import Fact, LogIdentity


async def preview(session: Session, actor: Principal, body: UnitChangeWrite, *, today: date) -> UnitChangeRead:
    """Tell what a change would do, and what it means for open rounds; nothing is written."""
    plan = await changing.make_plan(session, actor, body, today=today, lock=False)
    return UnitChangeRead(
        id=None,
        state="preview",
        kind=body.kind,
        effective_on=body.effective_on,
        reason=body.reason,
        decree=body.decree,
        edits=changing.edits_of(plan),
        people_moved=await count_staff(session, list(plan.staff)),
        rounds=await changing.consequences(session, plan),
        created_at=None,
    )


async def plan_ahead(
    session: Session, actor: Principal, body: UnitChangeWrite, *, now: datetime, today: date
) -> UnitChangeRead:
    """Keep a change for its day, if it could be made today; it takes effect by itself (`app.asn.reorganising.jobs`)."""
    told = await preview(session, actor, body, today=today)
    kept = await planned.keep(session, actor, body, now=now)
    return told.model_copy(update={"id": kept.id, "state": "planned", "created_at": now})


async def carry_out_due(session: Session, log: LogIdentity, *, now: datetime, today: date) -> bool:
    """Make the change whose day has come; one that the tree refuses by now is marked as failed. False when there is none."""
    due = await planned.find_due(session, today)
    if due is None:
        return False
    plan_id, who = due.id, Principal(due.created_by, Role.BKPSDM_ADMIN, Scope())
    try:
        async with session.begin_nested():
            made = await carry_out(session, who, log, planned.asked(due), now=now, today=today)
    except AppError as refused:
        await planned.end(
            session, plan_id, now=now, failure=f"{refused.code} {refused.params.get('reason', '')}".strip()
        )
    else:
        await planned.end(session, plan_id, now=now, change_id=made.id)
    return True


async def carry_out(
    session: Session, actor: Principal, log: LogIdentity, body: UnitChangeWrite, *, now: datetime, today: date
) -> UnitChangeRead:
    """Change units from a day on. Rounds that are open keep the agency of their cut-off; staged imports are outdated."""
    plan = await changing.make_plan(session, actor, body, today=today, lock=False)
    state = await lock_state(session)
    plan = await changing.make_plan(session, actor, body, today=today, lock=True)
    consequences = await changing.consequences(session, plan)
    state.revision += 1
    await session.flush()
    session.expunge_all()
    staff = await count_staff(session, list(plan.staff))
    change = await changing.write(session, actor, body, plan, staff, now=now)
    moved = await revising.move_staff(session, dict(plan.staff), now)
    await revising.record(
        session, moved, cause="change", reason=body.reason, since=body.effective_on, actor=actor.id, now=now
    )
    await indexing.keep_up(session)
    what = {"change": change.id, **body.model_dump(), "edits": change.edits}
    await log_fact(session, log, Fact.UNITS_CHANGED, change.id, what, actor, now)
    told = {name: getattr(change, name) for name in UnitChangeRead.model_fields if name not in {"rounds", "state"}}
    return UnitChangeRead(**told, rounds=consequences)
