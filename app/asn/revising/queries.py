"""SQL that revises employees one by one or unit by unit, with their versions."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, exists, select, text, update

from app.asn.applying.queries import VERSIONED
from app.asn.models import Employee
from app.core.db import Session

_COLUMNS = ", ".join(VERSIONED)
# As an import does it (app/asn/applying): what was believed is superseded; a change closes it at its day, a correction replaces it.
_REVISE = f"""
WITH old AS (
  UPDATE employee_version v SET superseded_at = :now
  WHERE v.employee_id = ANY(:ids) AND v.superseded_at IS NULL AND v.valid_to IS NULL
  RETURNING v.employee_id, v.valid_from, v.unit_id, v.current, v.cause, v.reason, {_COLUMNS}
), closed AS (
  INSERT INTO employee_version (employee_id, valid_from, valid_to, recorded_at, cause, reason, recorded_by, unit_id, current, {_COLUMNS})
  SELECT employee_id, valid_from, :since, :now, cause, reason, :actor, unit_id, current, {_COLUMNS}
  FROM old WHERE :cause <> 'correction' AND valid_from < :since
)
INSERT INTO employee_version (employee_id, valid_from, recorded_at, cause, reason, recorded_by, unit_id, current, {_COLUMNS})
SELECT e.id, CASE WHEN o.employee_id IS NULL THEN :since WHEN :cause = 'correction' THEN o.valid_from
    ELSE greatest(o.valid_from, :since) END,
  :now, :cause, :reason, :actor, e.unit_id, e.current, {", ".join(f"e.{name}" for name in VERSIONED)}
FROM employee e LEFT JOIN old o ON o.employee_id = e.id WHERE e.id = ANY(:ids)
"""  # noqa: S608 - names of columns


async def record(
    session: Session,
    ids: Sequence[UUID],
    *,
    cause: str,
    reason: str,
    since: date,
    actor: UUID,
    now: datetime,
) -> None:
    """Write the versions of people who were just changed, from a day on."""
    values = {"ids": list(ids), "cause": cause, "reason": reason, "since": since, "actor": actor, "now": now}
    kinds = (bindparam("actor", type_=Uuid()), bindparam("now", type_=DateTime(timezone=True)))
    await session.execute(text(_REVISE.replace(":since", "CAST(:since AS date)")).bindparams(*kinds), values)


async def get_locked(session: Session, ids: Sequence[UUID]) -> dict[UUID, Employee]:
    """Return people by id, locked against other changes."""
    statement = select(Employee).where(Employee.id.in_(ids)).order_by(Employee.id).with_for_update()
    return {person.id: person for person in (await session.execute(statement)).scalars()}


async def is_held(session: Session, nip: str, but: UUID) -> bool:
    """Whether somebody else on the roster has a NIP."""
    statement = select(exists().where(Employee.nip == nip, Employee.nip != "", Employee.current, Employee.id != but))
    return bool((await session.execute(statement)).scalar_one())


async def point_to(session: Session, former: UUID, survivor: UUID) -> None:
    """Let the records that went on in one go on in another."""
    await session.execute(update(Employee).where(Employee.merged_into == former).values(merged_into=survivor))


async def move_staff(session: Session, moves: dict[UUID, UUID], now: datetime) -> list[UUID]:
    """Move everybody who stands directly in a unit to another; return who was moved and is current."""
    moved: list[UUID] = []
    for before, after in sorted(moves.items()):
        statement = update(Employee).where(Employee.unit_id == before).values(unit_id=after, updated_at=now)
        found = await session.execute(statement.returning(Employee.id, Employee.current))
        moved += [person for person, current in found if current]
    return sorted(moved)
