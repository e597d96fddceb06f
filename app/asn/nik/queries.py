"""SQL of sealed NIKs."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from app.asn.models import RosterRow
from app.asn.nik.models import EmployeeNik, NikDigestKey, RosterNik
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


async def find_digest_key(session: Session) -> NikDigestKey | None:
    """Return the key of digests, sealed."""
    return (await session.execute(select(NikDigestKey))).scalar_one_or_none()


async def keep_digest_key(session: Session, sealed: bytes) -> None:
    """Write the key of digests unless there is one."""
    await session.execute(insert(NikDigestKey).values(id=1, sealed=sealed).on_conflict_do_nothing())


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


class StagedNik(NamedTuple):
    """A sealed NIK of a row, whom the row is, and what is kept of them already."""

    sheet: str
    row: int
    sealed: bytes
    employee_id: UUID
    kept: bytes | None


async def list_staged(session: Session, import_id: UUID, after: tuple[str, int], limit: int) -> list[StagedNik]:
    """Return an import's staged NIKs whose rows are people to be, from a row on."""
    place = tuple_(RosterNik.sheet, RosterNik.row)
    of_row = (RosterRow.import_id == RosterNik.import_id) & (tuple_(RosterRow.sheet, RosterRow.row) == place)
    statement = (
        select(
            RosterNik.sheet, RosterNik.row, RosterNik.sealed, RosterRow.employee_id, EmployeeNik.sealed.label("kept")
        )
        .join(RosterRow, of_row)
        .outerjoin(EmployeeNik, EmployeeNik.employee_id == RosterRow.employee_id)
        .where(RosterNik.import_id == import_id, place > after, RosterRow.employee_id.is_not(None))
        .order_by(RosterNik.sheet, RosterNik.row)
        .limit(limit)
    )
    return [StagedNik(*row) for row in await session.execute(statement)]  # type: ignore[arg-type]  # the id is there


async def write_many(session: Session, sealed: Sequence[tuple[UUID, bytes]], now: datetime) -> None:
    """Write sealed values in place of earlier ones."""
    if sealed:
        rows = [{"employee_id": person, "sealed": value, "sealed_at": now} for person, value in sealed]
        statement = insert(EmployeeNik)
        written = {name: statement.excluded[name] for name in ("sealed", "sealed_at")}
        await session.execute(
            statement.on_conflict_do_update(index_elements=[EmployeeNik.employee_id], set_=written), rows
        )


async def forget_staged(session: Session, import_id: UUID) -> None:
    """Delete an import's staged values."""
    await session.execute(delete(RosterNik).where(RosterNik.import_id == import_id))
