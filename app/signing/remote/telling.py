"""Write to a person whose scan was refused: they wait for nothing otherwise."""

from uuid import UUID

import structlog

from app.asn import service as asn
from app.core.db import Session
from app.core.mail import Mailer, MailFailed, Message
from app.core.principal import Scope
from app.core.texts import text
from app.document.compiled import TemplateShelf
from app.pledge import service as pledge
from app.signing.remote import queries

log = structlog.get_logger()


async def tell_refused(session: Session, shelf: TemplateShelf, mailer: Mailer, scan_id: UUID, *, base_url: str) -> None:
    """Say that it was refused and where the reason stands; not the reason itself, in which an officer may have named anything.

    Who has no address is told by the page alone. A job that dies after the mail has left sends it twice: better than never.
    """
    scan = await queries.find_scan(session, scan_id, Scope(), lock=False)
    if scan is None or scan.state != "refused":
        return
    employee = await asn.get_employee(session, scan.employee_id)
    if not employee.email or not mailer.available:
        log.info("scan.refusal_untold", scan=str(scan_id))
        return
    found = await queries.find_owed(session, scan.obligation_id, Scope())
    assert found is not None
    pledge_round = await pledge.get_round(session, scan.round_id)
    title = (await shelf.text(session, scan.round_id, found[0].pledge)).title
    address = f"{base_url}/pindaian"
    body = text("mail.scan_refused.body", pledge=title, round=pledge_round.title, address=address)
    try:
        await mailer.send(Message(to=employee.email, subject=text("mail.scan_refused.subject"), body=body))
    except MailFailed as failed:
        if (
            failed.params.get("reason") != "address"
        ):  # a server that is away comes back, an address that is none does not
            raise
        log.info("scan.refusal_untold", scan=str(scan_id))
