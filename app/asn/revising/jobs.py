"""Jobs of revised records."""

import structlog

from app.asn.revising import service
from app.core import jobs
from app.core.mail import Mailer, MailFailed, Message
from app.core.resources import Resources
from app.core.texts import text

log = structlog.get_logger()


@jobs.task(service.TELL_JOB)
async def tell_old_address(resources: Resources, address: str) -> None:
    """Write to the address a person had that another took its place: codes and news go there from now on.

    A job that dies after the mail has left sends it twice; an address that is none is told nothing.
    """
    mailer: Mailer = resources.get(Mailer)  # type: ignore[type-abstract]
    if not mailer.available:
        log.info("address.untold")
        return
    try:
        await mailer.send(Message(to=address, subject=text("mail.moved.subject"), body=text("mail.moved.body")))
    except MailFailed as failed:
        if failed.params.get("reason") != "address":  # a server that is away comes back
            raise
        log.info("address.untold")
