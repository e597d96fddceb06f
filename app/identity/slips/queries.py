"""SQL of activation slips."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import aliased

from app.asn.models import Employee
from app.core.db import Session
from app.core.principal import Scope
from app.identity.models import Activation, Passkey, Pin
from app.opd.models import Unit


class Receiver(NamedTuple):
    """Whom a slip is for."""

    employee_id: UUID
    name: str
    unit: str
    agency: str


_Agency = aliased(Unit)


def _people(scope: Scope) -> Select[UUID, str, str, str]:
    statement = (
        select(Employee.id, Employee.name, Unit.name, _Agency.name)
        .join(Unit, Unit.id == Employee.unit_id)
        .join(_Agency, _Agency.id == Unit.agency_id)
        .where(Employee.current)
        .order_by(_Agency.position, Unit.position, Unit.id, Employee.name, Employee.id)
    )
    return statement if scope.agencies is None else statement.where(Unit.agency_id.in_(scope.agencies))


async def list_named(session: Session, scope: Scope, ids: Sequence[UUID]) -> list[Receiver]:
    """Return the people of these ids that are on the roster and inside the scope, unit after unit."""
    return [Receiver(*row) for row in await session.execute(_people(scope).where(Employee.id.in_(ids)))]


async def list_without_way(session: Session, scope: Scope, unit_id: UUID, most: int) -> list[Receiver]:
    """Return who stands in a unit or below it and has no way to sign in yet, unit after unit."""
    below = select(Unit.id).where(Unit.id == unit_id).cte("below", recursive=True)
    below = below.union(select(Unit.id).join(below, Unit.parent_id == below.c.id))
    in_agency = select(Unit.id).where(Unit.agency_id == unit_id)  # an agency's units need not hang below it in the file
    has_passkey = select(Passkey.employee_id).where(Passkey.employee_id == Employee.id).exists()
    has_pin = select(Pin.employee_id).where(Pin.employee_id == Employee.id).exists()
    within = or_(Employee.unit_id.in_(select(below.c.id)), Employee.unit_id.in_(in_agency))
    statement = _people(scope).where(within, ~has_passkey, ~has_pin).limit(most)
    return [Receiver(*row) for row in await session.execute(statement)]


async def list_slips(
    session: Session,
    scope: Scope,
    agency_id: UUID | None,
    unit_id: UUID | None,
    employee_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[tuple[Activation, str, str]]:
    """Return slips with the names of people and units, newest first."""
    statement = (
        select(Activation, Employee.name, Unit.name)
        .join(Employee, Employee.id == Activation.employee_id)
        .join(Unit, Unit.id == Employee.unit_id)
        .where(Activation.kind == "slip")
        .order_by(Activation.id.desc())
        .limit(limit)
    )
    if scope.agencies is not None:
        statement = statement.where(Unit.agency_id.in_(scope.agencies))
    for column, value in (
        (Unit.agency_id, agency_id),
        (Unit.id, unit_id),
        (Employee.id, employee_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        statement = statement.where(Activation.id < after)
    return [(slip, name, unit) for slip, name, unit in await session.execute(statement)]


async def find_slip(session: Session, scope: Scope, slip_id: UUID) -> Activation | None:
    """Return a slip of somebody inside the scope, locked."""
    statement = (
        select(Activation)
        .join(Employee, Employee.id == Activation.employee_id)
        .join(Unit, Unit.id == Employee.unit_id)
        .where(Activation.id == slip_id, Activation.kind == "slip")
        .with_for_update(of=Activation)
    )
    if scope.agencies is not None:
        statement = statement.where(Unit.agency_id.in_(scope.agencies))
    return (await session.execute(statement)).scalar_one_or_none()


async def revoke_of(session: Session, employee_id: UUID, at: datetime) -> int:
    """Revoke the live activations of a person, links too; return how many there were."""
    live = (Activation.used_at.is_(None), Activation.revoked_at.is_(None))
    done = await session.execute(
        update(Activation)
        .where(Activation.employee_id == employee_id, *live)
        .values(revoked_at=at)
        .returning(Activation.id)
    )
    return len(done.all())
