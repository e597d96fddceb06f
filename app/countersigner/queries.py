"""SQL of countersigners."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import aliased

from app.asn.models import Employee
from app.core.db import Session
from app.core.principal import Scope
from app.countersigner.models import Countersigner
from app.opd.models import Unit

_LIVE = Countersigner.superseded_at.is_(None)


def holds_on(today: date) -> ColumnElement[bool]:
    """Whether a countersigner may act on a day."""
    return and_(
        or_(Countersigner.valid_from.is_(None), Countersigner.valid_from <= today),
        or_(Countersigner.valid_to.is_(None), Countersigner.valid_to >= today),
    )


async def list_live(session: Session, round_id: UUID, agency_ids: Sequence[UUID]) -> list[Countersigner]:
    """Return the live countersigners of agencies."""
    statement = select(Countersigner).where(
        Countersigner.round_id == round_id, Countersigner.agency_id.in_(agency_ids), _LIVE
    )
    return list((await session.execute(statement)).scalars())


async def list_by_ids(session: Session, ids: Sequence[UUID]) -> list[Countersigner]:
    """Return countersigners, superseded ones too."""
    return list((await session.execute(select(Countersigner).where(Countersigner.id.in_(ids)))).scalars())


async def list_offices(session: Session, employee_id: UUID, today: date) -> list[Countersigner]:
    """Return where a person takes note today."""
    statement = select(Countersigner).where(Countersigner.employee_id == employee_id, _LIVE, holds_on(today))
    return list((await session.execute(statement.order_by(Countersigner.id))).scalars())


async def list_terms(session: Session, employee_id: UUID, round_id: UUID, agency_id: UUID) -> list[Countersigner]:
    """Return every record by which a person took note of an agency's pledges in a round, superseded ones too."""
    statement = select(Countersigner).where(
        Countersigner.employee_id == employee_id,
        Countersigner.round_id == round_id,
        Countersigner.agency_id == agency_id,
    )
    return list((await session.execute(statement)).scalars())


async def supersede(session: Session, round_id: UUID, agency_id: UUID, at: datetime) -> None:
    """End the live countersigner of an agency."""
    await session.execute(
        update(Countersigner)
        .where(Countersigner.round_id == round_id, Countersigner.agency_id == agency_id, _LIVE)
        .values(superseded_at=at)
    )


async def find_root(session: Session) -> Unit | None:
    """Return the unit above all agencies."""
    statement = select(Unit).where(Unit.parent_id.is_(None), Unit.valid_to.is_(None)).order_by(Unit.position).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_unit(session: Session, unit_id: UUID) -> Unit | None:
    """Return an agency, or the unit above all agencies."""
    statement = select(Unit).where(Unit.id == unit_id, or_(Unit.is_agency, Unit.parent_id.is_(None)))
    return (await session.execute(statement)).scalar_one_or_none()


async def list_agencies(
    session: Session, round_id: UUID, scope: Scope, after: int | None, limit: int
) -> list[tuple[Unit, Countersigner | None]]:
    """Return agencies inside the scope, and for a caller who sees all the unit above them, with who takes note of their pledges."""
    live = and_(Countersigner.round_id == round_id, Countersigner.agency_id == Unit.id, _LIVE)
    statement = select(Unit, Countersigner).outerjoin(Countersigner, live).where(Unit.valid_to.is_(None))
    if scope.agencies is None:
        statement = statement.where(or_(Unit.is_agency, Unit.parent_id.is_(None)))
    else:
        statement = statement.where(Unit.is_agency, Unit.id.in_(scope.agencies))
    if after is not None:
        statement = statement.where(Unit.position > after)
    found = await session.execute(statement.order_by(Unit.position).limit(limit))
    return [(unit, countersigner) for unit, countersigner in found]


async def list_heads(session: Session) -> list[tuple[Unit, Employee]]:
    """Return who on the roster holds the head's position of an agency: in its own unit, by the title the unit file gives it."""
    agency = aliased(Unit)
    statement = (
        select(agency, Employee)
        .join(Employee, Employee.unit_id == agency.id)
        .where(
            agency.is_agency,
            agency.valid_to.is_(None),
            agency.head_title != "",
            Employee.current,
            func.lower(Employee.position) == func.lower(agency.head_title),
        )
        .order_by(agency.position, Employee.id)
    )
    return [(unit, employee) for unit, employee in await session.execute(statement)]
