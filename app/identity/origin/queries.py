"""SQL of activations that were taken up."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, exists, func, select

from app.asn.models import Employee
from app.core.db import Session
from app.core.permission import PERMISSIONS, Permission
from app.core.prepared import Prepared
from app.core.principal import Scope
from app.identity.accounts.models import Account, AccountSession
from app.identity.models import Activation
from app.opd.models import Unit

ISSUERS = sorted(role.value for role, held in PERMISSIONS.items() if Permission.ACTIVATION_ISSUE in held)
_ORIGIN = Prepared(
    select(Activation)
    .where(Activation.employee_id == bindparam("employee_id"), Activation.settled_at.is_not(None))
    .order_by(Activation.settled_at.desc())
    .limit(1)
)


class Issued(NamedTuple):
    """An activation with whom it is for."""

    activation: Activation
    name: str
    unit: str


async def find_origin(session: Session, employee_id: UUID) -> Activation | None:
    """Return the activation by which a person's account was opened or recovered last."""
    found = await _ORIGIN.first(session, employee_id=employee_id)
    return found[0] if found else None


async def find(session: Session, activation_id: UUID) -> Activation | None:
    """Return an activation, locked."""
    statement = select(Activation).where(Activation.id == activation_id).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def is_of_an_office(session: Session, device: bytes, employee_id: UUID, since: datetime) -> bool:
    """Whether somebody who may issue activations, and is not this very person, was signed in to an account in a browser."""
    statement = select(
        exists().where(
            AccountSession.device == device,
            AccountSession.created_at > since,
            AccountSession.account_id == Account.id,
            Account.role.in_(ISSUERS),
            Account.employee_id.is_distinct_from(employee_id),
        )
    )
    return bool((await session.execute(statement)).scalar_one())


async def count_in_browser(session: Session, device: bytes, employee_id: UUID, since: datetime) -> int:
    """Count the other people who took up an activation in a browser."""
    statement = select(func.count(Activation.employee_id.distinct())).where(
        Activation.used_device == device, Activation.employee_id != employee_id, Activation.settled_at > since
    )
    return (await session.execute(statement)).scalar_one()


async def list_issued(
    session: Session, scope: Scope, employee_id: UUID | None, used: bool | None, after: UUID | None, limit: int
) -> Sequence[Issued]:
    """Return activations of people inside a scope, newest first; `used`: only those that were taken up, or only the others."""
    statement = (
        select(Activation, Employee.name, Unit.name)
        .join(Employee, Employee.id == Activation.employee_id)
        .join(Unit, Unit.id == Employee.unit_id)
        .order_by(Activation.id.desc())
        .limit(limit)
    )
    if scope.agencies is not None:
        statement = statement.where(Unit.agency_id.in_(scope.agencies))
    if employee_id is not None:
        statement = statement.where(Activation.employee_id == employee_id)
    if used is not None:
        statement = statement.where(Activation.settled_at.is_not(None) if used else Activation.settled_at.is_(None))
    if after is not None:
        statement = statement.where(Activation.id < after)
    return [Issued(*row) for row in await session.execute(statement)]


async def contested_of(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Return which of some activations are contested."""
    statement = select(Activation.id).where(Activation.id.in_(ids), Activation.contested_at.is_not(None))
    return set((await session.execute(statement)).scalars())
