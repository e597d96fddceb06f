"""Void a signed document: it stays, marked; what it fulfilled is owed again; log and person are told."""

from datetime import datetime
from uuid import UUID

import structlog

from app.asn import service as asn
from app.core import jobs
from app.core.db import Session
from app.core.errors import NotFound
from app.core.faults import Step, about_to_commit
from app.core.mail import Mailer, MailFailed, Message
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.texts import text
from app.document import queries
from app.document.errors import NotSignedYet
from app.document.models import FILED, Document
from app.obligation import service as obligation
from app.pledge import service as pledge
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

TELL_JOB = "document.tell_void"
log = structlog.get_logger()


async def void(
    session: Session,
    actor: Principal,
    identity: LogIdentity,
    document_id: UUID,
    *,
    ground: str,
    reason: str,
    now: datetime,
) -> Document:
    """Void a document in one transaction: register, obligation, figures, log, and the job that tells the person.

    Asked for again it changes nothing: the first reason stays. Raises `NotFound` and `NotSignedYet`.
    """
    actor.require(Permission.DOCUMENT_VOID)
    found = await queries.find_by_id(session, document_id)
    if found is None or (actor.scope.agencies is not None and found.agency_id not in actor.scope.agencies):
        raise NotFound
    if found.state not in FILED:
        raise NotSignedYet
    await obligation.lock(session, found.employee_id, [found.round_id])  # participant before document, as in signing
    document = await queries.lock_by_id(session, document_id)
    if document.state == "void":
        return document
    document.state, document.voided_at, document.voided_by = "void", now, actor.id
    document.void_ground, document.void_reason = ground, reason
    await obligation.reopen(session, document.employee_id, document.round_id, document.id)
    entry = transparency.Entry(Fact.DOCUMENT_VOIDED, document.id, document.sha256 or b"", now, actor.id)
    await transparency.record(session, identity, [entry])
    await jobs.defer(session, TELL_JOB, document_id=str(document.id))
    await session.flush()
    about_to_commit(session, Step.VOIDED, Step.VOIDED_DURABLE)
    return document


async def tell(session: Session, mailer: Mailer, document_id: UUID, *, base_url: str) -> None:
    """Write to the person whose document was voided; who has no address is told by the home page alone.

    A job that dies after the mail has left sends it twice: better than never.
    """
    document = await queries.find_by_id(session, document_id)
    if document is None or document.voided_at is None:
        return
    employee = await asn.get_employee(session, document.employee_id)
    if not employee.email or not mailer.available:
        log.info("document.void_untold", document=str(document_id))
        return
    pledge_round = await pledge.get_round(session, document.round_id)
    ground = text(f"void.{document.void_ground}")
    body = text("mail.void.body", round=pledge_round.title, code=document.code, ground=ground, address=base_url)
    try:
        await mailer.send(Message(to=employee.email, subject=text("mail.void.subject"), body=body))
    except MailFailed as failed:
        if (
            failed.params.get("reason") != "address"
        ):  # a server that is away comes back; an address that is none does not
            raise
        log.info("document.void_untold", document=str(document_id))
