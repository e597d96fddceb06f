"""Reminders by mail, over the service's own mailer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core.handing import Handing, NotHanded
from app.core.mail import FolderMailer, Mailer, MailFailed, MailLine, Message
from app.reminder.channels.base import Letter, Line, Receipt


class MailChannel:
    """Plain text with HTML beside it; the Message-ID is the delivery's id, so that a message sent again is known as the same."""

    name = "mail"

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self.available = mailer.available
        self.delivers = mailer.available and not isinstance(mailer, FolderMailer)

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """Return a line over one connection."""
        async with self._mailer.line() as mail:
            yield _Line(mail)


class _Line:
    def __init__(self, mail: MailLine) -> None:
        self._mail = mail

    async def begin(self, address: str) -> None:
        """MAIL and RCPT."""
        await self._mail.begin(address)

    async def load(self, address: str, letter: Letter) -> None:
        """DATA, all but the dot."""
        message = Message(
            to=address,
            subject=letter.subject,
            body=letter.text,
            html=letter.html,
            attachments=letter.attachments,
            id=str(letter.reference),
        )
        try:
            await self._mail.load(message)
        except MailFailed as failed:
            await self._mail.abandon()
            raise NotHanded(Handing.REFUSED, str(failed.params.get("reason", ""))) from failed

    def hand(self) -> None:
        """The dot."""
        self._mail.hand()

    async def finish(self) -> Receipt:
        """The answer to the dot."""
        await self._mail.finish()
        return Receipt()

    async def abandon(self) -> None:
        """RSET, or an end of the connection."""
        await self._mail.abandon()
