"""Who leads a unit, definitively or acting, from when to when."""

from datetime import date, datetime
from uuid import UUID

from app.asn.errors import HeadInvalid, HeadOverlaps
from app.asn.history.service import get_visible
from app.asn.models import Employee, UnitHead
from app.asn.reorganising import queries
from app.asn.reorganising.schemas import HeadCreate
from app.asn.revising.service import log_fact
from app.core.db import Session
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.opd import service as opd
from app.transparency.record import Fact, LogIdentity


async def record_head(
    session: Session, actor: Principal, log: LogIdentity, unit_id: UUID, body: HeadCreate, *, now: datetime
) -> UnitHead:
    """Record a head. One without an end that began earlier ends when a later one of the same kind begins.

    Raises `NotFound`, `HeadInvalid`, `HeadOverlaps`.
    """
    actor.require(Permission.UNIT_WRITE)
    await opd.require_visible_unit(session, actor, unit_id)
    person, *_ = await get_visible(session, actor, body.employee_id)
    if not person.current:
        raise HeadInvalid(reason="employee.left")
    if body.kind != "definitive" and not body.mandate_number.strip():
        raise HeadInvalid(reason="mandate_number")
    if body.valid_to is not None and body.valid_to <= body.valid_from:
        raise HeadInvalid(reason="valid_to")
    await queries.lock_heads(session, unit_id)
    for other in await queries.list_overlapping(session, unit_id, body.kind, body.valid_from, body.valid_to):
        if other.valid_to is not None or other.valid_from >= body.valid_from:
            raise HeadOverlaps(employee_id=other.employee_id, valid_from=other.valid_from)
        other.valid_to = body.valid_from
    head = UnitHead(
        id=new_id(),
        unit_id=unit_id,
        **body.model_dump(exclude={"mandate_number"}),
        mandate_number=body.mandate_number.strip(),
        recorded_at=now,
        recorded_by=actor.id,
    )
    session.add(head)
    await session.flush()
    what = {"unit": unit_id, **body.model_dump()}
    await log_fact(session, log, Fact.UNIT_HEAD_RECORDED, head.id, what, actor, now)
    return head


async def list_heads(
    session: Session,
    actor: Principal,
    unit_id: UUID,
    as_of: date | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[tuple[UnitHead, Employee]]:
    """Return the heads of a unit inside the caller's scope, who began last first; only those of a day when one is given."""
    await opd.require_visible_unit(session, actor, unit_id)
    return await queries.list_heads(session, unit_id, as_of, after, limit)
