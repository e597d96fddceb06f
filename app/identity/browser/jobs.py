"""What a sign-in in an unknown browser leads to, after its answer: a code by mail, or a line in the person's history."""

import secrets
from datetime import datetime
from uuid import UUID

import structlog

from app.asn import service as asn
from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database, Session
from app.core.mail import Mailer, MailFailed, Message
from app.core.resources import Resources
from app.core.texts import text
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.browser import queries
from app.identity.browser.models import LoginCode
from app.identity.browser.service import CODE_DIGITS, CODE_LIFE, CODES_A_DAY, DAY, MAIL_JOB, code_hash

MOST_TOLD = 15  # refused sign-ins written down about one person in a day: strangers must not fill the table
log = structlog.get_logger()


@jobs.task(MAIL_JOB)
async def send_login_code(resources: Resources, code_id: str) -> None:
    """Mail the code of a sign-in whose PIN was right; note one whose PIN was wrong."""
    now = resources.get(Clock).now()  # type: ignore[type-abstract]
    async with resources.get(Database).transaction() as session:
        await queries.forget_over(session, now, now - DAY - CODE_LIFE)
        asked = await queries.find_code_by_id(session, UUID(code_id))
        if asked is None or asked.employee_id is None or asked.expires_at < now:
            return
        session.info[access.ADDRESS] = asked.address
        if asked.proven:
            await _mail(session, resources.get(Mailer), asked, asked.employee_id, now)  # type: ignore[type-abstract]
        elif await _told(session, asked.employee_id, now - DAY) < MOST_TOLD:
            access.record(session, AccessKind.LOGIN_REFUSED, None, now=now, subject_id=asked.employee_id, method="pin")


async def _told(session: Session, person: UUID, since: datetime) -> int:
    return await access.count_about(session, person, AccessKind.LOGIN_REFUSED, since)


async def _mail(session: Session, mailer: Mailer, asked: LoginCode, person: UUID, now: datetime) -> None:
    """A job that dies after the mail has left sends another code: the later one holds."""
    employee = await asn.get_employee(session, person)
    if not employee.email or not mailer.available:
        return
    # A code is answered for a while after it was mailed: counted over that much more than a day, no day holds more.
    if await queries.count_mailed(session, person, now - DAY - CODE_LIFE) >= CODES_A_DAY:
        log.info("login_code.enough", employee=str(person))
        return
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    asked.code_hash, asked.mailed_at = code_hash(asked, code), now
    access.record(session, AccessKind.LOGIN_CODE_SENT, None, now=now, subject_id=person)
    body = text("mail.login_code.body", code=f"{code[:4]} {code[4:]}", minutes=int(CODE_LIFE.total_seconds() // 60))
    try:
        await mailer.send(Message(to=employee.email, subject=text("mail.login_code.subject"), body=body))
    except MailFailed as failed:
        if (
            failed.params.get("reason") != "address"
        ):  # a server that is away comes back, an address that is none does not
            raise
        log.info("login_code.not_sent", employee=str(person))
