"""Jobs of administrators' accounts."""

from uuid import UUID

import structlog

from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database
from app.core.mail import Mailer, MailFailed, Message
from app.core.resources import Resources
from app.core.texts import text
from app.identity.accounts import queries, service
from app.identity.accounts.code import InvitationPress

log = structlog.get_logger()


@jobs.task(service.TELL_JOB)
async def tell_invitation(resources: Resources, invitation_id: str) -> None:
    """Mail an invitation's link, unless it is over by now. A job that dies after the mail has left sends it twice."""
    mailer = resources.get(Mailer)  # type: ignore[type-abstract]
    clock = resources.get(Clock)  # type: ignore[type-abstract]
    press = resources.get(InvitationPress)
    async with resources.get(Database).transaction() as session:
        invitation, account = await queries.read_invitation(session, UUID(invitation_id))
        over = invitation.used_at or invitation.revoked_at or invitation.expires_at <= clock.now()
        if over or not mailer.available:
            log.info("invitation.untold", account=str(account.id))
            return
        link = press.url(press.code(invitation.id))
        body = text("mail.invited.body", name=account.name, link=link)
        try:
            await mailer.send(Message(to=account.email, subject=text("mail.invited.subject"), body=body))
        except MailFailed as failed:
            if failed.params.get("reason") != "address":  # a server that is away comes back
                raise
            log.info("invitation.untold", account=str(account.id))
