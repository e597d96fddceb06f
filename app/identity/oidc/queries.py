"""SQL of the agency's sign-on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from app.asn.models import Employee
from app.core.db import Session
from app.identity.models import LoginSession


async def find_by_pns_id(session: Session, pns_id: str) -> Employee | None:
    """Return the current employee with SIASN's id."""
    statement = select(Employee).where(Employee.pns_id == pns_id, Employee.current)
    return (await session.execute(statement)).scalar_one_or_none()


async def end_logins(
    session: Session, subject: str | None, sid: str | None, made_by: datetime, at: datetime
) -> list[UUID]:
    """End the live logins of a session, or all of a subject, made up to an instant; return whose they were."""
    statement = update(LoginSession).where(LoginSession.revoked_at.is_(None), LoginSession.created_at <= made_by)
    if sid is not None:
        statement = statement.where(LoginSession.oidc_session == sid)
    if subject is not None:
        statement = statement.where(LoginSession.oidc_subject == subject)
    ended = await session.execute(statement.values(revoked_at=at).returning(LoginSession.employee_id))
    return list(ended.scalars())
