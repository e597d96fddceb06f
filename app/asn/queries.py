"""SQL of employees and roster imports."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, bindparam, cast, func, insert, select, text, tuple_, update
from sqlalchemy.orm import aliased

from app.asn.models import Employee, RosterImport, RosterRow
from app.core.db import Session
from app.core.principal import Scope
from app.opd.models import Unit

APPLY_LOCK = 0x524F53544552  # "ROSTER": two admins applying at once take turns


async def list_current(session: Session) -> list[Employee]:
    """Return everybody on the roster, to compare a file with."""
    return list((await session.execute(select(Employee).where(Employee.current))).scalars())


async def find_by_nip(session: Session, nip: str) -> Employee | None:
    """Return the current employee with a NIP."""
    return (await session.execute(select(Employee).where(Employee.nip == nip, Employee.current))).scalar_one_or_none()


async def find_by_id(session: Session, employee_id: UUID) -> Employee | None:
    """Return an employee."""
    return (await session.execute(select(Employee).where(Employee.id == employee_id))).scalar_one_or_none()


async def count_visible(session: Session, scope: Scope, ids: Sequence[UUID]) -> int:
    """Return how many of the ids are current employees inside the scope."""
    statement = (
        select(func.count())
        .select_from(Employee)
        .join(Unit, Unit.id == Employee.unit_id)
        .where(Employee.id.in_(ids), Employee.current)
    )
    if scope.agencies is not None:
        statement = statement.where(Unit.agency_id.in_(scope.agencies))
    return (await session.execute(statement)).scalar_one()


async def list_visible(
    session: Session,
    scope: Scope,
    *,
    search: str | None,
    nip: str | None,
    agency_id: UUID | None,
    unit_id: UUID | None,
    employment: str | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[tuple[Employee, Unit]]:
    """Return current employees inside the scope with their units, by name."""
    statement = select(Employee, Unit).join(Unit, Unit.id == Employee.unit_id).where(Employee.current)
    if scope.agencies is not None:
        statement = statement.where(Unit.agency_id.in_(scope.agencies))
    if agency_id is not None:
        statement = statement.where(Unit.agency_id == agency_id)
    if unit_id is not None:
        statement = statement.where(Employee.unit_id == unit_id)
    if nip is not None:
        statement = statement.where(Employee.nip == nip)
    if employment is not None:
        statement = statement.where(Employee.employment == employment)
    if search:
        statement = statement.where(func.lower(Employee.name).contains(search.lower(), autoescape=True))
    if after is not None:
        statement = statement.where(tuple_(Employee.name, Employee.id) > after)
    found = await session.execute(statement.order_by(Employee.name, Employee.id).limit(limit))
    return [(employee, unit) for employee, unit in found]


async def has_current(session: Session) -> bool:
    """Whether anybody is on the roster."""
    return (await session.execute(select(Employee.id).where(Employee.current).limit(1))).first() is not None


async def stream_current(session: Session, batch: int) -> AsyncIterator[Sequence[tuple[Employee, str, UUID, str]]]:
    """Yield (employee, unit's name, agency's id, agency's name) in batches, in order of id; memory stays flat."""
    agency = aliased(Unit)
    after: UUID | None = None
    while True:
        statement = (
            select(Employee, Unit.name, agency.id, agency.name)
            .join(Unit, Unit.id == Employee.unit_id)
            .join(agency, agency.id == Unit.agency_id)
            .where(Employee.current)
            .order_by(Employee.id)
            .limit(batch)
        )
        if after is not None:
            statement = statement.where(Employee.id > after)
        rows = [(e, unit, agency_id, name) for e, unit, agency_id, name in await session.execute(statement)]
        if not rows:
            return
        after = rows[-1][0].id
        yield rows
        for employee, *_ in rows:
            session.expunge(employee)


async def find_import(session: Session, import_id: UUID, *, lock: bool = False) -> RosterImport | None:
    """Return an import."""
    statement = select(RosterImport).where(RosterImport.id == import_id)
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()


async def newest_applied_at(session: Session) -> datetime | None:
    """Return when an import was applied last."""
    return (await session.execute(select(func.max(RosterImport.applied_at)))).scalar_one()


async def lock_applying(session: Session) -> None:
    """Wait for the turn to apply."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": APPLY_LOCK})


async def list_rows(
    session: Session,
    import_id: UUID,
    *,
    outcome: str | None,
    change: str | None,
    after: tuple[str, int] | None,
    limit: int,
) -> list[RosterRow]:
    """Return staged rows in the order of the file."""
    statement = select(RosterRow).where(RosterRow.import_id == import_id)
    if outcome is not None:
        statement = statement.where(RosterRow.outcome == outcome)
    if change is not None:
        statement = statement.where(RosterRow.change == change)
    if after is not None:
        statement = statement.where(tuple_(RosterRow.sheet, RosterRow.row) > after)
    statement = statement.order_by(RosterRow.sheet, RosterRow.row).limit(limit)
    return list((await session.execute(statement)).scalars())


async def list_missing(session: Session, import_id: UUID, after: UUID | None, limit: int) -> list[Employee]:
    """Return current employees whom no accepted row of the import names."""
    named = select(RosterRow.employee_id).where(RosterRow.import_id == import_id, RosterRow.employee_id.is_not(None))
    statement = select(Employee).where(Employee.current, Employee.id.not_in(named))
    if after is not None:
        statement = statement.where(Employee.id > after)
    return list((await session.execute(statement.order_by(Employee.id).limit(limit))).scalars())


async def insert_employees(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Insert people."""
    if rows:
        await session.execute(insert(Employee), rows)


async def release_changing_nips(session: Session, import_id: UUID) -> None:
    """Free the NIPs that an import is about to change, so that people can swap theirs whatever the order of the updates."""
    changing = RosterRow.person["nip"].astext
    await session.execute(
        update(Employee)
        .where(
            RosterRow.import_id == import_id,
            RosterRow.change == "changed",
            RosterRow.employee_id == Employee.id,
            changing != Employee.nip,
        )
        .values(nip=cast(Employee.id, String))
        .execution_options(synchronize_session=False)
    )


async def update_employees(session: Session, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """Update people by id, every one of the columns."""
    if not rows:
        return
    table = Employee.__table__
    statement = update(table).where(table.c.id == bindparam("key"))  # type: ignore[arg-type]
    statement = statement.values({name: bindparam(f"new_{name}") for name in columns})
    connection = await session.connection()
    await connection.execute(
        statement, [{"key": row["id"], **{f"new_{name}": row[name] for name in columns}} for row in rows]
    )
