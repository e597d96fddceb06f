"""A person who can sign in no more gets a new way from the OPD's administrator, in person, by an activation made for them by name.

Whoever already had a way when an activation is completed has *recovered* the account: every other way and login ends, the person is
told by mail and under "Riwayat akses", and nothing can be signed for a day, unless an administrator other than the one who issued the
activation approves; of somebody who has no mail address, and so hears of nothing, the day does not end by itself. A stolen phone is out at once; an administrator who recovers somebody else's account has a day in which its owner
reads about it before anything can be signed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.asn import service as asn
from app.core import jobs
from app.core.db import Session
from app.core.errors import NotFound, NotPermitted
from app.core.mail import Mailer, MailFailed, Message
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.texts import text
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.errors import AccountHeld, AccountUnconfirmed, RecoveryOwn
from app.identity.models import AccountHold, Activation, LoginSession
from app.identity.recovery import queries

HOLD = timedelta(hours=24)
TELL_JOB = "identity.tell_recovery"
END_JOB = "identity.end_contested"
PHONE_JOB = "reminder.tell_by_phone"  # done by `reminder`, which has the gateways
log = structlog.get_logger()


async def begin(
    session: Session, login: LoginSession, activation: Activation, *, passkey: bytes | None, now: datetime
) -> None:
    """Hold an account that was recovered, and end what it had: all but the new `passkey`, or all but the PIN."""
    employee_id = login.employee_id
    await session.flush()
    await queries.end_other_ways(session, employee_id, passkey=passkey, login_id=login.id, at=now)
    reachable = bool((await asn.get_employee(session, employee_id)).email)
    before = await queries.find_hold(session, employee_id)
    contested = before is not None and before.cause == "contested" and before.approved_at is None
    until = now + HOLD if reachable and not contested else None  # nobody hears of it: no day that passes makes it good
    await queries.keep_hold(session, activation, now, until, cause="contested" if contested else "recovery")
    access.record_own(session, AccessKind.RECOVERED, employee_id, now=now, issued_by=str(activation.issued_by))
    await jobs.defer(session, TELL_JOB, employee_id=str(employee_id), activation_id=str(activation.id))


async def require_may_sign(
    session: Session, employee_id: UUID, *, by_own_mail: bool = False, opening: bool = False, now: datetime
) -> None:
    """Raise `AccountHeld` or `AccountUnconfirmed` while an account is held. One look by primary key.

    `by_own_mail`: who signs brings a code that was mailed to the person, which a first activation's second look asks for no more than;
    `opening`: whether they will is not known yet, only whether they could.
    """
    hold = await queries.find_hold(session, employee_id)
    if hold is None or not _is_live(hold, now):
        return
    if hold.until is not None:
        raise AccountHeld(until=hold.until)
    if hold.cause == "risk" and (by_own_mail or (opening and await _could_by_mail(session, employee_id))):
        return
    raise AccountUnconfirmed(cause=hold.cause)


async def approve(session: Session, actor: Principal, employee_id: UUID, *, now: datetime) -> AccountHold:
    """Let an account sign at once. Raises `NotFound` outside the caller's scope, `RecoveryOwn` for who issued the slip.

    One that is contested takes somebody who sees the whole service: the OPD's own people may be what it is contested for.
    """
    actor.require(Permission.RECOVERY_APPROVE)
    await asn.require_visible(session, actor.scope, [employee_id])
    hold = await queries.find_hold(session, employee_id, lock=True)
    if hold is None or (hold.approved_at is None and not _is_live(hold, now)):
        raise NotFound
    if hold.issued_by == actor.id:
        raise RecoveryOwn
    if hold.cause == "contested":
        if not actor.scope.everything:
            raise NotPermitted(permission=Permission.RECOVERY_APPROVE.value)
        await queries.clear_contest(session, employee_id)
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


async def _could_by_mail(session: Session, employee_id: UUID) -> bool:
    """Whether the person has what signing by PIN and a mailed code takes."""
    employee = await asn.get_employee(session, employee_id)
    return bool(employee.email) and await queries.has_pin(session, employee_id)


def _is_live(hold: AccountHold, now: datetime) -> bool:
    return hold.approved_at is None and (hold.until is None or hold.until > now)


async def tell(
    session: Session, mailer: Mailer, employee_id: UUID, *, recovered: bool, base_url: str, not_me: str
) -> None:
    """Write to the person that their account was opened or recovered, and how to say that it was not them; who has no address finds it under "Riwayat akses". A job that dies after the mail has left sends it twice."""
    employee = await asn.get_employee(session, employee_id)
    if not employee.email or not mailer.available:
        if recovered:  # of first activations the office's list tells, and there are as many as people
            log.info("recovery.untold", employee=str(employee_id))
        return
    kind = "recovered" if recovered else "activated"
    body = text(f"mail.{kind}.body", address=f"{base_url}/riwayat-akses", not_me=f"{base_url}/bukan-saya/{not_me}")
    try:
        await mailer.send(Message(to=employee.email, subject=text(f"mail.{kind}.subject"), body=body))
    except MailFailed as failed:
        if (
            failed.params.get("reason") != "address"
        ):  # a server that is away comes back, an address that is none does not
            raise
        log.info("recovery.untold", employee=str(employee_id))
