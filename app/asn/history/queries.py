"""SQL of people's versions."""

from datetime import date
from uuid import UUID

from sqlalchemy import and_, func, select, tuple_

from app.asn.models import Employee, EmployeeVersion
from app.core.db import Session
from app.core.principal import Scope
from app.opd.models import Unit


async def list_versions(
    session: Session, employee_id: UUID, *, superseded: bool, after: tuple[date, int] | None, limit: int
) -> list[tuple[EmployeeVersion, str]]:
    """Return versions of a person, of the records merged into theirs too, with their unit's name, what holds last first."""
    records = select(Employee.id).where((Employee.id == employee_id) | (Employee.merged_into == employee_id))
    statement = (
        select(EmployeeVersion, Unit.name)
        .join(Unit, Unit.id == EmployeeVersion.unit_id)
        .where(EmployeeVersion.employee_id.in_(records))
    )
    if not superseded:
        statement = statement.where(EmployeeVersion.superseded_at.is_(None))
    if after is not None:
        statement = statement.where(tuple_(EmployeeVersion.valid_from, EmployeeVersion.id) < after)
    order = (EmployeeVersion.valid_from.desc(), EmployeeVersion.id.desc())
    found = await session.execute(statement.order_by(*order).limit(limit))
    return [(version, unit) for version, unit in found]


async def find_visible(session: Session, scope: Scope, employee_id: UUID) -> tuple[Employee, Unit] | None:
    """Return a person inside the scope, also one who left, with their unit."""
    statement = select(Employee, Unit).join(Unit, Unit.id == Employee.unit_id).where(Employee.id == employee_id)
    if scope.agencies is not None:
        statement = statement.where(Unit.agency_id.in_(scope.agencies))
    found = (await session.execute(statement)).first()
    return (found[0], found[1]) if found else None


async def first_day(session: Session, employee_id: UUID) -> date | None:
    """Return since when the newest version of a person holds."""
    statement = select(func.max(EmployeeVersion.valid_from)).where(
        EmployeeVersion.employee_id == employee_id, EmployeeVersion.superseded_at.is_(None)
    )
    return (await session.execute(statement)).scalar_one()


async def list_as_of(
    session: Session,
    scope: Scope,
    as_of: date,
    *,
    search: str | None,
    nip: str | None,
    local_number: str | None = None,
    agency_id: UUID | None,
    unit_id: UUID | None,
    employment: str | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[tuple[EmployeeVersion, Unit]]:
    """Return the people of a day inside the scope, as is known today, with their units of that day, by name."""
    version = EmployeeVersion
    statement = (
        select(version, Unit)
        .join(Unit, Unit.id == version.unit_id)
        .where(
            version.superseded_at.is_(None),
            version.valid_from <= as_of,
            (version.valid_to.is_(None)) | (version.valid_to > as_of),
            version.current,
        )
    )
    wanted = [
        None if scope.agencies is None else Unit.agency_id.in_(scope.agencies),
        None if agency_id is None else Unit.agency_id == agency_id,
        None if unit_id is None else version.unit_id == unit_id,
        None if nip is None else version.nip == nip,
        None if local_number is None else and_(version.local_number == local_number, version.local_number != ""),
        None if employment is None else version.employment == employment,
        func.lower(version.name).contains(search.lower(), autoescape=True) if search else None,
    ]
    statement = statement.where(*(condition for condition in wanted if condition is not None))
    if after is not None:
        statement = statement.where(tuple_(version.name, version.employee_id) > after)
    found = await session.execute(statement.order_by(version.name, version.employee_id).limit(limit))
    return [(found_version, unit) for found_version, unit in found]
