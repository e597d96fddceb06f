"""Sign in whom the agency's sign-on vouches for, and sign out whom it signs out."""

from datetime import datetime

from app.asn import service as asn
from app.asn.models import Employee
from app.core.db import Session
from app.core.oidc_settings import OidcSettings
from app.identity import service as identity
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.accounts import sessions
from app.identity.accounts.sessions import Browser, Welcome
from app.identity.errors import OidcUnknownPerson
from app.identity.oidc import queries
from app.identity.oidc.claims import Ended, Vouched


async def login(session: Session, settings: OidcSettings, vouched: Vouched, *, now: datetime) -> identity.Login:
    """Open a login for the person on the roster; raises `OidcUnknownPerson`. Nobody is created."""
    employee = await _find(session, settings, vouched.person)
    if employee is None:
        raise OidcUnknownPerson
    return identity.open_login(
        session, employee.id, identity.OIDC, now, oidc_subject=vouched.subject, oidc_session=vouched.session
    )


async def begin_account(
    session: Session, settings: OidcSettings, vouched: Vouched, browser: Browser, *, now: datetime
) -> Welcome:
    """The first of two factors of an administrator's account; raises `OidcUnknownPerson`, `AccountRefused`."""
    employee = await _find(session, settings, vouched.person)
    if employee is None:
        raise OidcUnknownPerson
    return await sessions.begin_by_sign_on(
        session, employee.id, browser, subject=vouched.subject, sid=vouched.session, now=now
    )


async def logout(session: Session, ended: Ended, *, now: datetime) -> int:
    """End the logins and the accounts' sessions a logout token names; return how many logins there were."""
    await sessions.end_by_sign_on(session, ended.subject, ended.session, made_by=ended.at, now=now)
    people = await queries.end_logins(session, ended.subject, ended.session, ended.at, now)
    for employee_id in people:
        access.record(session, AccessKind.LOGOUT, None, now=now, subject_id=employee_id, method=identity.OIDC)
    return len(people)


async def _find(session: Session, settings: OidcSettings, person: str) -> Employee | None:
    if not person:
        return None
    if settings.person_is == "nip":
        return await asn.find_by_nip(session, person)
    return await queries.find_by_pns_id(session, person.strip())
