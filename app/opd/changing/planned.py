"""Changes of units from a day to come: kept as they were asked for, listed, cancelled."""

from datetime import date, datetime
from uuid import UUID

from pydantic import TypeAdapter

from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.opd.changing import queries
from app.opd.changing.schemas import UnitChangeWrite
from app.opd.errors import UnitPlanEnded
from app.opd.models import UnitChangePlan

_ASKED: TypeAdapter[UnitChangeWrite] = TypeAdapter(UnitChangeWrite)


async def keep(session: Session, actor: Principal, body: UnitChangeWrite, *, now: datetime) -> UnitChangePlan:
    """Keep a change for its day."""
    actor.require(Permission.UNIT_WRITE)
    kept = UnitChangePlan(
        id=new_id(),
        kind=body.kind,
        effective_on=body.effective_on,
        body=body.model_dump(mode="json"),
        state="planned",
        failure="",
        created_by=actor.id,
        created_at=now,
    )
    session.add(kept)
    await session.flush()
    return kept


async def cancel(session: Session, actor: Principal, plan_id: UUID, *, now: datetime) -> UnitChangePlan:
    """Cancel a plan before its day; raises `NotFound`, `UnitPlanEnded`."""
    actor.require(Permission.UNIT_WRITE)
    found = await queries.find_plan(session, plan_id)
    if found is None:
        raise NotFound
    if found.state != "planned":
        raise UnitPlanEnded(state=found.state)
    found.state, found.ended_by, found.ended_at = "cancelled", actor.id, now
    return found


async def list_plans(
    session: Session, actor: Principal, state: str | None, after: tuple[date, UUID] | None, limit: int
) -> list[UnitChangePlan]:
    """Return plans by their day, to whoever may make them."""
    actor.require(Permission.UNIT_WRITE)
    return await queries.list_plans(session, state, after, limit)


async def find_due(session: Session, today: date) -> UnitChangePlan | None:
    """Return the plan whose turn it is, locked."""
    return await queries.find_due(session, today)


async def end(
    session: Session, plan_id: UUID, *, now: datetime, change_id: UUID | None = None, failure: str = ""
) -> None:
    """Write down what became of a plan on its day."""
    found = await queries.find_plan(session, plan_id)
    assert found is not None
    found.state, found.change_id, found.failure, found.ended_at = (
        "done" if change_id else "failed",
        change_id,
        failure,
        now,
    )
    await session.flush()


def asked(kept: UnitChangePlan) -> UnitChangeWrite:
    """Return what was asked for."""
    return _ASKED.validate_python(kept.body)
