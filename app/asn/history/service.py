"""People as they are, were on a day, and were known to be."""

from datetime import date
from typing import Any
from uuid import UUID

from app.asn.history import queries
from app.asn.models import Employee, EmployeeVersion
from app.core.db import Session
from app.core.errors import NotFound
from app.core.permission import Permission
from app.core.principal import Principal
from app.opd.models import Unit


async def get_visible(session: Session, actor: Principal, employee_id: UUID) -> tuple[Employee, Unit, date | None]:
    """Return a person inside the caller's scope with their unit and since when this holds; raises `NotFound`."""
    actor.require(Permission.EMPLOYEE_READ)
    found = await queries.find_visible(session, actor.scope, employee_id)
    if found is None:
        raise NotFound
    return *found, await queries.first_day(session, employee_id)


async def list_versions(
    session: Session,
    actor: Principal,
    employee_id: UUID,
    *,
    superseded: bool,
    after: tuple[date, int] | None,
    limit: int,
) -> list[tuple[EmployeeVersion, str]]:
    """Return the versions of a person inside the caller's scope, the newest first; `superseded` ones too when asked for."""
    await get_visible(session, actor, employee_id)
    return await queries.list_versions(session, employee_id, superseded=superseded, after=after, limit=limit)


async def list_as_of(
    session: Session, actor: Principal, as_of: date, limit: int, **filters: Any
) -> list[tuple[EmployeeVersion, Unit]]:
    """Return the people of a day inside the caller's scope, by name."""
    actor.require(Permission.EMPLOYEE_READ)
    return await queries.list_as_of(session, actor.scope, as_of, limit=limit, **filters)
