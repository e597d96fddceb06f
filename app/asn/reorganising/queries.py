"""SQL of heads of units."""

from datetime import date
from uuid import UUID

from sqlalchemy import select, tuple_

from app.asn.models import Employee, UnitHead
from app.core.db import Session
from app.opd.models import Unit


async def lock_heads(session: Session, unit_id: UUID) -> None:
    """Wait for whoever else records a head of the unit."""
    await session.execute(select(Unit.id).where(Unit.id == unit_id).with_for_update())


async def list_overlapping(
    session: Session, unit_id: UUID, kind: str, since: date, until: date | None
) -> list[UnitHead]:
    """Return the heads of a kind in any of the days from one up to another."""
    statement = select(UnitHead).where(
        UnitHead.unit_id == unit_id,
        UnitHead.kind == kind,
        (UnitHead.valid_to.is_(None)) | (UnitHead.valid_to > since),
    )
    if until is not None:
        statement = statement.where(UnitHead.valid_from < until)
    return list((await session.execute(statement.order_by(UnitHead.valid_from))).scalars())


async def list_heads(
    session: Session, unit_id: UUID, as_of: date | None, after: tuple[date, UUID] | None, limit: int
) -> list[tuple[UnitHead, Employee]]:
    """Return heads of a unit with the persons, who began last first."""
    statement = select(UnitHead, Employee).join(Employee, Employee.id == UnitHead.employee_id)
    statement = statement.where(UnitHead.unit_id == unit_id)
    if as_of is not None:
        open_then = (UnitHead.valid_to.is_(None)) | (UnitHead.valid_to > as_of)
        statement = statement.where(UnitHead.valid_from <= as_of, open_then)
    if after is not None:
        statement = statement.where(tuple_(UnitHead.valid_from, UnitHead.id) < after)
    found = await session.execute(statement.order_by(UnitHead.valid_from.desc(), UnitHead.id.desc()).limit(limit))
    return [(head, person) for head, person in found]
