"""SQL of employees and roster imports."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from app.asn.linking.models import RosterLink
from app.asn.models import Employee, RosterImport, RosterMapping, RosterMissing, RosterRow, RosterState
from app.asn.nik.models import RosterNik
from app.core.db import Session
from app.core.principal import Scope
from app.opd.models import Unit


async def find_by_nip(session: Session, nip: str) -> Employee | None:
    """Return the current employee with a NIP."""
    return (
        await session.execute(select(Employee).where(Employee.nip == nip, Employee.nip != "", Employee.current))
    ).scalar_one_or_none()


async def find_by_number(session: Session, nip: str, local: str) -> Employee | None:
    """Return the current employee with a NIP, else whom an agency gave a number, written as `app.asn.without_nip` does."""
    named = or_(
        and_(Employee.nip == nip, Employee.nip != ""),
        and_(Employee.local_number == local, Employee.local_number != ""),
    )
    statement = select(Employee).where(named, Employee.current).order_by((Employee.nip == nip).desc()).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()


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


async def count_staff(session: Session, units: Sequence[UUID]) -> int:
    """Return how many current people stand directly in the units."""
    statement = select(func.count()).select_from(Employee).where(Employee.unit_id.in_(units), Employee.current)
    return (await session.execute(statement)).scalar_one()


async def list_visible(
    session: Session,
    scope: Scope,
    *,
    search: str | None,
    nip: str | None,
    local_number: str | None = None,
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
        statement = statement.where(Employee.nip == nip, Employee.nip != "")
    if local_number is not None:
        statement = statement.where(Employee.local_number == local_number, Employee.local_number != "")
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


async def hold_state(session: Session) -> None:
    """Lock the roster's state against whoever would change the roster."""
    await session.execute(select(RosterState.id).with_for_update(read=True))


async def stream_current(
    session: Session, batch: int, conditions: Sequence[ColumnElement[bool]] = ()
) -> AsyncIterator[Sequence[tuple[Employee, str, UUID, str]]]:
    """Yield (employee, unit's name, agency's id, agency's name) in batches, in order of id; memory stays flat."""
    agency = aliased(Unit)
    after: UUID | None = None
    while True:
        statement = (
            select(Employee, Unit.name, agency.id, agency.name)
            .join(Unit, Unit.id == Employee.unit_id)
            .join(agency, agency.id == Unit.agency_id)
            .where(Employee.current, *conditions)
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


async def find_reading(session: Session, reading: str, *, but: UUID) -> RosterImport | None:
    """Return the newest import, but for one, that was read from the same file with the same units and columns."""
    read = RosterImport.status.in_(("staged", "applied", "undone"))
    statement = select(RosterImport).where(RosterImport.reading == reading, RosterImport.id != but, read)
    return (await session.execute(statement.order_by(RosterImport.id.desc()).limit(1))).scalar_one_or_none()


async def find_newest_change(session: Session) -> RosterImport | None:
    """Return the import that was applied, or undone, last."""
    at = func.coalesce(RosterImport.undone_at, RosterImport.applied_at)
    statement = select(RosterImport).where(at.is_not(None)).order_by(at.desc(), RosterImport.id.desc()).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_newest_of(session: Session, source: str) -> datetime | None:
    """Return when the newest import from a source was made."""
    statement = select(func.max(RosterImport.created_at)).where(RosterImport.source == source)
    return (await session.execute(statement)).scalar_one()


async def read_revision(session: Session) -> int:
    """Return how often the roster was changed."""
    return (await session.execute(select(RosterState.revision))).scalar_one()


async def mappings(session: Session) -> dict[str, dict[str, str]]:
    """Return the saved mappings of local forms by the fingerprint of their header."""
    rows = await session.execute(select(RosterMapping.fingerprint, RosterMapping.columns))
    return {row.fingerprint: row.columns for row in rows}


async def save_mapping(
    session: Session, fingerprint: str, name: str, columns: dict[str, str], *, by: UUID, at: datetime
) -> None:
    """Remember what the columns of a form are."""
    values = {"name": name, "columns": columns, "saved_by": by, "saved_at": at}
    statement = upsert(RosterMapping).values(fingerprint=fingerprint, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=[RosterMapping.fingerprint], set_=values))


async def forget_rows(session: Session, import_id: UUID) -> None:
    """Delete what was staged of an import that is read once more."""
    await session.execute(delete(RosterMissing).where(RosterMissing.import_id == import_id))
    await session.execute(delete(RosterLink).where(RosterLink.import_id == import_id))
    await session.execute(delete(RosterNik).where(RosterNik.import_id == import_id))
    await session.execute(delete(RosterRow).where(RosterRow.import_id == import_id))


async def units_in_use(session: Session) -> set[UUID]:
    """Return the units somebody on the roster belongs to."""
    return set((await session.execute(select(Employee.unit_id).where(Employee.current).distinct())).scalars())


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


async def list_missing(
    session: Session, import_id: UUID, decision: str | None, after: UUID | None, limit: int
) -> list[tuple[RosterMissing, Employee, Unit]]:
    """Return who is missing from a file, with their units, in order of id."""
    statement = (
        select(RosterMissing, Employee, Unit)
        .join(Employee, Employee.id == RosterMissing.employee_id)
        .join(Unit, Unit.id == Employee.unit_id)
        .where(RosterMissing.import_id == import_id)
    )
    if decision is not None:
        statement = statement.where(RosterMissing.decision == decision)
    if after is not None:
        statement = statement.where(RosterMissing.employee_id > after)
    found = await session.execute(statement.order_by(RosterMissing.employee_id).limit(limit))
    return [(missing, employee, unit) for missing, employee, unit in found]


async def decide(session: Session, import_id: UUID, ids: Sequence[UUID], **values: Any) -> int:
    """Write a decision about people missing from an import; return how many of them there are."""
    statement = update(RosterMissing).where(RosterMissing.import_id == import_id, RosterMissing.employee_id.in_(ids))
    done = await session.execute(statement.values(values).returning(RosterMissing.employee_id))
    return len(done.all())


async def list_findings(session: Session, import_id: UUID) -> list[RosterRow]:
    """Return the rows of an import that were warned or rejected, in the order of the file."""
    statement = select(RosterRow).where(RosterRow.import_id == import_id, RosterRow.outcome != "accepted")
    return list((await session.execute(statement.order_by(RosterRow.place))).scalars())


async def stream_findings(session: Session, import_id: UUID) -> AsyncIterator[tuple[str, int, list[dict[str, Any]]]]:
    """Yield (sheet, row, findings) of the rows of an import that were warned or rejected, a thousand at a time."""
    statement = select(RosterRow.sheet, RosterRow.row, RosterRow.findings)
    statement = statement.where(RosterRow.import_id == import_id, RosterRow.outcome != "accepted")
    found = await session.stream(statement.execution_options(yield_per=1000))
    async for sheet, row, findings in found:
        yield sheet, row, findings
