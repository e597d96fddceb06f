"""SQL of kiosks."""

from uuid import UUID

from sqlalchemy import select

from app.asn.models import Employee
from app.core.db import Session
from app.core.principal import Scope
from app.identity.kiosk.models import Kiosk
from app.opd.models import Unit


async def list_kiosks(
    session: Session, scope: Scope, agency_id: UUID | None, after: UUID | None, limit: int
) -> list[Kiosk]:
    """Return kiosks inside a scope, newest first."""
    statement = select(Kiosk).order_by(Kiosk.id.desc()).limit(limit)
    if scope.agencies is not None:
        statement = statement.where(Kiosk.agency_id.in_(scope.agencies))
    if agency_id is not None:
        statement = statement.where(Kiosk.agency_id == agency_id)
    if after is not None:
        statement = statement.where(Kiosk.id < after)
    return list((await session.execute(statement)).scalars())


async def find_kiosk(session: Session, scope: Scope, kiosk_id: UUID) -> Kiosk | None:
    """Return a kiosk inside a scope, locked."""
    statement = select(Kiosk).where(Kiosk.id == kiosk_id)
    if scope.agencies is not None:
        statement = statement.where(Kiosk.agency_id.in_(scope.agencies))
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


async def find_by_code(session: Session, digest: bytes) -> Kiosk | None:
    """Return the kiosk that waits for this code, locked: of two tablets one gets it."""
    return (
        await session.execute(select(Kiosk).where(Kiosk.code_hash == digest).with_for_update())
    ).scalar_one_or_none()


async def find_by_token(session: Session, digest: bytes) -> Kiosk | None:
    """Return the kiosk of a cookie, revoked or not."""
    return (await session.execute(select(Kiosk).where(Kiosk.token_hash == digest))).scalar_one_or_none()


async def name_of(session: Session, kiosk_id: UUID) -> str:
    """Return a kiosk's name."""
    return (await session.execute(select(Kiosk.name).where(Kiosk.id == kiosk_id))).scalar_one()


async def agency_of(session: Session, employee_id: UUID) -> UUID:
    """Return the OPD a person works in."""
    statement = select(Unit.agency_id).join(Employee, Employee.unit_id == Unit.id).where(Employee.id == employee_id)
    return (await session.execute(statement)).scalar_one()
