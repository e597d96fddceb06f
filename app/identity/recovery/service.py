"""A person who can sign in no more gets a new way from the OPD's administrator, in person, by an activation made for them by name.

Whoever already had a way when an activation is completed has *recovered* the account: every other way and login ends, the person is
told by mail and under "Riwayat akses", and nothing can be signed for a day, unless an administrator other than the one who issued the
activation approves. A stolen phone is out at once; an administrator who recovers somebody else's account has a day in which its owner
reads about it before anything can be signed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.asn import service as asn
from app.core import jobs
from app.core.db import Session
from app.core.errors import NotFound
from app.core.mail import Mailer, MailFailed, Message
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.texts import text
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.errors import AccountHeld, RecoveryOwn
from app.identity.models import AccountHold, Activation, LoginSession
from app.identity.recovery import queries

HOLD = timedelta(hours=24)
TELL_JOB = "identity.tell_recovery"
log = structlog.get_logger()


async def begin(
    session: Session, login: LoginSession, activation: Activation, *, passkey: bytes | None, now: datetime
) -> None:
    """Hold an account that was recovered, and end what it had: all but the new `passkey`, or all but the PIN."""
    employee_id = login.employee_id
    await session.flush()
    await queries.end_other_ways(session, employee_id, passkey=passkey, login_id=login.id, at=now)
    await queries.keep_hold(session, activation, now, now + HOLD)
    access.record_own(session, AccessKind.RECOVERED, employee_id, now=now, issued_by=str(activation.issued_by))
    await jobs.defer(session, TELL_JOB, employee_id=str(employee_id))


async def require_may_sign(session: Session, employee_id: UUID, *, now: datetime) -> None:
    """Raise `AccountHeld` while a recovered account is held. One look by primary key."""
    hold = await queries.find_hold(session, employee_id)
    if hold is not None and hold.approved_at is None and hold.until > now:
        raise AccountHeld(until=hold.until)


async def approve(session: Session, actor: Principal, employee_id: UUID, *, now: datetime) -> AccountHold:
    """Let a recovered account sign at once. Raises `NotFound` outside the caller's scope, `RecoveryOwn` for who issued the slip."""
    actor.require(Permission.RECOVERY_APPROVE)
    await asn.require_visible(session, actor.scope, [employee_id])
    hold = await queries.find_hold(session, employee_id, lock=True)
    if hold is None or hold.until <= now:
        raise NotFound
    if hold.issued_by == actor.id:
        raise RecoveryOwn
    if hold.approved_at is None:
        hold.approved_by, hold.approved_at = actor.id, now
        access.record(session, AccessKind.RECOVERY_APPROVED, actor, now=now, subject_id=employee_id)
    return hold


async def list_held(
    session: Session, actor: Principal, after: UUID | None, limit: int, *, now: datetime
) -> Sequence[tuple[AccountHold, str, str]]:
    """Return who waits for an approval inside the caller's scope."""
    actor.require(Permission.RECOVERY_APPROVE)
    return await queries.list_held(session, actor.scope, now, after, limit)


async def tell(session: Session, mailer: Mailer, employee_id: UUID, *, base_url: str) -> None:
    """Write to the person; who has no address finds it under "Riwayat akses". A job that dies after the mail has left sends it twice."""
    employee = await asn.get_employee(session, employee_id)
    if not employee.email or not mailer.available:
        log.info("recovery.untold", employee=str(employee_id))
        return
    body = text("mail.recovered.body", address=f"{base_url}/riwayat-akses")
    try:
        await mailer.send(Message(to=employee.email, subject=text("mail.recovered.subject"), body=body))
    except MailFailed as failed:
        if (
            failed.params.get("reason") != "address"
        ):  # a server that is away comes back, an address that is none does not
            raise
        log.info("recovery.untold", employee=str(employee_id))
