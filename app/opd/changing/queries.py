"""SQL of changes of units."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, select, text, tuple_, update

from app.core.db import Session
from app.opd.changing.plan import Place, Plan
from app.opd.models import Unit, UnitChange, UnitChangePlan, UnitPredecessor

_PLACED = ("name", "parent_id", "agency_id", "is_agency", "head_title", "valid_to")

# Rounds stand on a higher floor; this reads their tables and nothing of their code. It counts people, once, when an administrator asks
# what a reorganisation would mean.
_CONSEQUENCES = """
SELECT p.round_id, r.title, p.agency_id, a.name AS agency, count(*) AS participants, count(*) FILTER (WHERE p.state = 'pending') AS pending
FROM participant p JOIN round r ON r.id = p.round_id AND r.status IN ('opening', 'open') JOIN unit a ON a.id = p.agency_id
WHERE p.agency_id = ANY(:agencies) AND p.unit_id = ANY(:units)
GROUP BY p.round_id, r.title, p.agency_id, a.name ORDER BY r.title, p.round_id, a.name, p.agency_id
"""


async def list_places(session: Session, *, lock: bool) -> list[Place]:
    """Return every unit; locked when a change is to be written."""
    statement = select(Unit).order_by(Unit.position, Unit.id)
    found = (await session.execute(statement.with_for_update() if lock else statement)).scalars()
    return [Place(unit.id, **{name: getattr(unit, name) for name in _PLACED}) for unit in found]


async def write(session: Session, plan: Plan, *, on: date) -> None:
    """Write the units of a plan; a new one stands behind the last, under an id of its own until SIASN names it."""
    for before, after in sorted(plan.edits, key=lambda edit: edit[0] is not None):
        values = {name: getattr(after, name) for name in _PLACED}
        if before is None:
            last = select(Unit.position).order_by(Unit.position.desc()).limit(1)
            place = (await session.execute(last)).scalar_one() + 1
            session.add(
                Unit(**values, id=after.id, siasn_id=f"PAKTA-{after.id.hex.upper()}", position=place, valid_from=on)
            )
            await session.flush()
        else:
            await session.execute(update(Unit).where(Unit.id == after.id).values(values))


async def record(session: Session, change: UnitChange, predecessors: Mapping[UUID, Sequence[UUID]]) -> None:
    """Write a change and who carries on whom."""
    session.add(change)
    await session.flush()
    session.add_all(
        UnitPredecessor(unit_id=unit, predecessor_id=former, change_id=change.id)
        for unit, formers in predecessors.items()
        for former in formers
    )
    await session.flush()


async def list_consequences(session: Session, agencies: Sequence[UUID], units: Sequence[UUID]) -> list[dict[str, Any]]:
    """Return, per open round and agency of its cut-off, how many people of the units take part and how many still owe."""
    kinds = (bindparam("agencies", type_=ARRAY(Uuid())), bindparam("units", type_=ARRAY(Uuid())))
    found = await session.execute(
        text(_CONSEQUENCES).bindparams(*kinds), {"agencies": list(agencies), "units": list(units)}
    )
    return [dict(row) for row in found.mappings()]


async def list_changes(session: Session, after: tuple[datetime, UUID] | None, limit: int) -> list[UnitChange]:
    """Return changes, the newest first."""
    statement = select(UnitChange)
    if after is not None:
        statement = statement.where(tuple_(UnitChange.created_at, UnitChange.id) < after)
    order = (UnitChange.created_at.desc(), UnitChange.id.desc())
    return list((await session.execute(statement.order_by(*order).limit(limit))).scalars())


async def list_predecessors(session: Session, unit_id: UUID) -> list[Unit]:
    """Return the units that one carries on."""
    statement = (
        select(Unit)
        .join(UnitPredecessor, UnitPredecessor.predecessor_id == Unit.id)
        .where(UnitPredecessor.unit_id == unit_id)
        .order_by(Unit.position, Unit.id)
    )
    return list((await session.execute(statement)).scalars())


async def find_due(session: Session, today: date) -> UnitChangePlan | None:
    """Return the plan whose turn it is, locked; one that another worker holds is passed over."""
    statement = (
        select(UnitChangePlan)
        .where(UnitChangePlan.state == "planned", UnitChangePlan.effective_on <= today)
        .order_by(UnitChangePlan.effective_on, UnitChangePlan.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_plan(session: Session, plan_id: UUID) -> UnitChangePlan | None:
    """Return a plan, locked."""
    statement = select(UnitChangePlan).where(UnitChangePlan.id == plan_id).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def list_plans(
    session: Session, state: str | None, after: tuple[date, UUID] | None, limit: int
) -> list[UnitChangePlan]:
    """Return plans by their day."""
    statement = select(UnitChangePlan)
    if state is not None:
        statement = statement.where(UnitChangePlan.state == state)
    if after is not None:
        statement = statement.where(tuple_(UnitChangePlan.effective_on, UnitChangePlan.id) > after)
    order = (UnitChangePlan.effective_on, UnitChangePlan.id)
    return list((await session.execute(statement.order_by(*order).limit(limit))).scalars())
