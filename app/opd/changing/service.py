"""Plan a change of units, tell what it means, write it."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.db import Session
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.opd.changing import plan as planning
from app.opd.changing import queries
from app.opd.changing.plan import Place, Plan, Tree
from app.opd.changing.schemas import RoundConsequence, UnitChangeWrite, UnitMerge, UnitMove, UnitRename
from app.opd.errors import UnitChangeInvalid
from app.opd.models import UnitChange
from app.opd.queries import record_versions

LONGEST_AHEAD = timedelta(days=3 * 366)


async def make_plan(session: Session, actor: Principal, body: UnitChangeWrite, *, today: date, lock: bool) -> Plan:
    """Return what a change would do; raises `UnitChangeInvalid`, `UnitCycle`."""
    actor.require(Permission.UNIT_WRITE)
    if body.effective_on > today + LONGEST_AHEAD:
        raise UnitChangeInvalid(reason="effective_on")
    tree = Tree(await queries.list_places(session, lock=lock))
    if isinstance(body, UnitRename):
        return planning.rename(tree, body.unit_id, _tidy(body.name), body.head_title)
    if isinstance(body, UnitMove):
        return planning.move(tree, body.unit_id, body.parent_id)
    if isinstance(body, UnitMerge):
        if (body.into_id is None) == (body.name is None):
            raise UnitChangeInvalid(reason="name, into_id")
        name = _tidy(body.name or "")
        return planning.merge(tree, body.unit_ids, body.into_id, new_id(), name, body.head_title, body.effective_on)
    return planning.split(tree, body.unit_id, body.unit_ids, new_id(), _tidy(body.name), body.head_title)


async def consequences(session: Session, plan: Plan) -> list[RoundConsequence]:
    """Return the people of open rounds in units that end or change their agency: they stay with the agency of the cut-off."""
    concerned = [
        before for before, after in plan.edits if before and (after.valid_to or before.agency_id != after.agency_id)
    ]
    agencies = sorted({unit.agency_id for unit in concerned})
    found = await queries.list_consequences(session, agencies, [unit.id for unit in concerned])
    return [RoundConsequence(**row) for row in found]


async def write(
    session: Session, actor: Principal, body: UnitChangeWrite, plan: Plan, people_moved: int, *, now: datetime
) -> UnitChange:
    """Write a planned change; every version of a unit that it ends stays readable."""
    await queries.write(session, plan, on=body.effective_on)
    await record_versions(session, today=body.effective_on, now=now, import_id=None)
    session.expunge_all()
    change = UnitChange(
        id=new_id(),
        kind=body.kind,
        effective_on=body.effective_on,
        reason=body.reason,
        decree=body.decree,
        edits=edits_of(plan),
        people_moved=people_moved,
        created_by=actor.id,
        created_at=now,
    )
    await queries.record(session, change, plan.predecessors)
    return change


def edits_of(plan: Plan) -> list[dict[str, Any]]:
    """Return the edits as JSON."""
    return [{"before": _told(before), "after": _told(after)} for before, after in plan.edits]


async def list_changes(
    session: Session, actor: Principal, after: tuple[datetime, UUID] | None, limit: int
) -> list[UnitChange]:
    """Return changes, the newest first, to whoever may make them."""
    actor.require(Permission.UNIT_WRITE)
    return await queries.list_changes(session, after, limit)


def _told(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "id": str(place.id),
        "name": place.name,
        "parent_id": str(place.parent_id) if place.parent_id else None,
        "agency_id": str(place.agency_id),
        "head_title": place.head_title,
        "valid_to": place.valid_to.isoformat() if place.valid_to else None,
    }


def _tidy(name: str) -> str:
    return " ".join(name.split())
