"""Carry out a change of units with the people who stand directly in those that end."""

from datetime import datetime

from app.asn.applying.queries import lock_state
from app.asn.queries import count_staff
from app.asn.revising import queries as revising
from app.asn.revising.service import log_fact
from app.asn.search import indexing
from app.core.db import Session
from app.core.principal import Principal
from app.opd.changing import service as changing
from app.opd.changing.schemas import UnitChangeRead, UnitChangeWrite
from app.transparency.record import Fact, LogIdentity


async def preview(session: Session, actor: Principal, body: UnitChangeWrite, *, now: datetime) -> UnitChangeRead:
    """Tell what a change would do, and what it means for open rounds; nothing is written."""
    plan = await changing.make_plan(session, actor, body, today=now.date(), lock=False)
    return UnitChangeRead(
        id=None,
        kind=body.kind,
        effective_on=body.effective_on,
        reason=body.reason,
        decree=body.decree,
        edits=changing.edits_of(plan),
        people_moved=await count_staff(session, list(plan.staff)),
        rounds=await changing.consequences(session, plan),
        created_at=None,
    )


async def carry_out(
    session: Session, actor: Principal, log: LogIdentity, body: UnitChangeWrite, *, now: datetime
) -> UnitChangeRead:
    """Change units from a day on. Rounds that are open keep the agency of their cut-off; staged imports are outdated."""
    plan = await changing.make_plan(session, actor, body, today=now.date(), lock=False)
    state = await lock_state(session)
    plan = await changing.make_plan(session, actor, body, today=now.date(), lock=True)
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
    told = {name: getattr(change, name) for name in UnitChangeRead.model_fields if name != "rounds"}
    return UnitChangeRead(**told, rounds=consequences)
