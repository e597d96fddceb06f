"""SQL of sealed NIKs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.asn.models import EmployeeNik
from app.asn.nik.sealing import KEY_ID
from app.core.db import Session

_KEY_ID = func.substr(EmployeeNik.sealed, 1, KEY_ID)


async def write(session: Session, employee_id: UUID, sealed: bytes, now: datetime) -> None:
    """Write a sealed value in place of an earlier one."""
    values = {"sealed": sealed, "sealed_at": now}
    statement = insert(EmployeeNik).values(employee_id=employee_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=[EmployeeNik.employee_id], set_=values))


async def remove(session: Session, employee_id: UUID) -> None:
    """Delete a person's value."""
    await session.execute(delete(EmployeeNik).where(EmployeeNik.employee_id == employee_id))


async def find(session: Session, employee_id: UUID) -> bytes | None:
    """Return a person's sealed value."""
    statement = select(EmployeeNik.sealed).where(EmployeeNik.employee_id == employee_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def list_of_keys(session: Session, key_ids: Sequence[bytes], limit: int) -> Sequence[EmployeeNik]:
    """Return values sealed with some keys, locked; those another rotation holds are left out."""
    statement = (
        select(EmployeeNik)
        .where(_KEY_ID.in_(key_ids))
        .order_by(EmployeeNik.employee_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


async def count_of_other_keys(session: Session, key_ids: Sequence[bytes]) -> int:
    """Return how many values were sealed with none of the keys."""
    statement = select(func.count()).select_from(EmployeeNik).where(_KEY_ID.not_in(key_ids))
    return (await session.execute(statement)).scalar_one()
