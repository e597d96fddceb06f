"""Mail: SMTP, or a folder of .eml files for a machine without a mail server.

`send` hands over one message. `line` is for many: one connection carries message after message, and each is handed over in steps, so that
the caller can write down that it is being sent when nothing but the last word is missing.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.core.errors import AppError, Kind
from app.core.handing import Handing, NotHanded
from app.core.ids import new_id
from app.core.settings import MailSettings
from app.core.smtp import Transactions

SECONDS = 10.0
_SEVEN_BIT = policy.default.clone(cte_type="7bit")  # a server need not know 8BITMIME (RFC 6152)


class MailFailed(AppError):
    """The mail server refused or could not be reached; nothing was lost, asking again is safe."""

    kind = Kind.UNAVAILABLE
    code = "mail.failed"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one person: plain text, and the same as HTML if given. `id` fixes the left side of its Message-ID."""

    to: str
    subject: str
    body: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    id: str = ""


class MailLine(Protocol):
    """Takes one message after the other: `begin`, `load`, then `abandon`, or `hand` and `finish`. Used by one task at a time."""

    async def begin(self, to: str) -> None:
        """Ask for everything that can be refused without the message; raises `NotHanded`, never with `UNKNOWN`."""
        ...

    async def load(self, message: Message) -> None:
        """Pass on everything of a message but what makes it one; raises `NotHanded`, never with `UNKNOWN`, or `MailFailed`."""
        ...

    def hand(self) -> None:
        """Give it away: from here on it may arrive. Raises `NotHanded` where it certainly does not."""
        ...

    async def finish(self) -> None:
        """Wait for the answer to what was given away; raises `NotHanded`."""
        ...

    async def abandon(self) -> None:
        """Leave what was begun or loaded: nothing is sent."""
        ...


class Mailer(Protocol):
    """Sends messages."""

    @property
    def available(self) -> bool:
        """Whether there is anything to send through."""
        ...

    async def send(self, message: Message) -> None:
        """Send a message; raises `MailFailed`."""
        ...

    def line(self) -> AbstractAsyncContextManager[MailLine]:
        """Return a line for many messages; it connects when the first one is begun."""
        ...


class NoMailer:
    """Stands where no mail server is set."""

    available = False

    async def send(self, message: Message) -> None:
        """Refuse."""
        raise MailFailed(to=message.to)

    def line(self) -> AbstractAsyncContextManager[MailLine]:
        """Refuse."""
        raise MailFailed(reason="none")


class FolderMailer:
    """Writes one .eml file a message."""

    available = True

    def __init__(self, folder: Path, sender: str) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._sender = folder, sender

    async def send(self, message: Message) -> None:
        """Write the message; its name sorts by time."""
        (self._folder / f"{new_id()}.eml").write_bytes(bytes(_mime(message, self._sender)))

    @asynccontextmanager
    async def line(self) -> AsyncIterator[MailLine]:
        """Return a line that writes files."""
        yield _FolderLine(self)


class _FolderLine:
    """A folder refuses nothing but addresses that are none."""

    def __init__(self, mailer: FolderMailer) -> None:
        self._mailer = mailer
        self._message: Message | None = None

    async def begin(self, to: str) -> None:
        """Check the address."""
        _require_address(to)

    async def load(self, message: Message) -> None:
        """Keep the message."""
        self._message = message

    def hand(self) -> None:
        """A file is written in one piece."""

    async def finish(self) -> None:
        """Write the message."""
        message, self._message = self._message, None
        if message is not None:
            await self._mailer.send(message)

    async def abandon(self) -> None:
        """Forget the message."""
        self._message = None


class SmtpMailer:
    """An SMTP server."""

    available = True

    def __init__(self, url: str, sender: str) -> None:
        self._parts, self._sender = urlsplit(url), sender

    async def send(self, message: Message) -> None:
        """Hand the message to the server."""
        mime = _mime(message, self._sender)
        try:
            async with self._client() as client:
                await client.send_message(mime)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailFailed(reason=type(error).__name__) from error

    @asynccontextmanager
    async def line(self) -> AsyncIterator[MailLine]:
        """Return a line that keeps its connection."""
        line = _SmtpLine(self._client, self._sender)
        try:
            yield line
        finally:
            await line.close()

    def _client(self) -> aiosmtplib.SMTP:
        parts = self._parts
        return aiosmtplib.SMTP(
            hostname=parts.hostname or "localhost",
            port=parts.port,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            timeout=SECONDS,
        )


class _SmtpLine(Transactions):
    """Writes messages; `hand` and `abandon` are the transaction's own."""

    async def begin(self, to: str) -> None:
        """MAIL and RCPT."""
        await self.start(_require_address(to))

    async def load(self, message: Message) -> None:
        """DATA, without the dot that makes it a message."""
        await self.put(_mime(message, self.sender).as_bytes(policy=policy.SMTP.clone(cte_type="7bit")))

    async def finish(self) -> None:
        """The answer."""
        await self.answered()


def build_mailer(settings: MailSettings) -> Mailer:
    """Return the mailer the settings ask for."""
    url = settings.url.get_secret_value()
    if not url:
        return NoMailer()
    if url.startswith("dir://"):
        return FolderMailer(Path(urlsplit(url).path), settings.sender)
    return SmtpMailer(url, settings.sender)


def _require_address(to: str) -> str:
    try:
        return Address(addr_spec=to).addr_spec
    except (ValueError, IndexError, HeaderParseError):  # IndexError: the parser's own word for an empty text
        raise NotHanded(Handing.ADDRESS, "address") from None


def _mime(message: Message, sender: str) -> EmailMessage:
    """Return the message with the headers RFC 5322 §3.6 asks of its writer; an address that is none is a `MailFailed`.

    Plain and HTML are alternatives of one text (RFC 2046 §5.1.4). Nothing answers by itself to what a program sent (RFC 3834 §5).
    """
    mime, domain = EmailMessage(_SEVEN_BIT), sender.rpartition("@")[2]
    try:
        mime["To"] = Address(addr_spec=message.to)
        mime["From"], mime["Subject"] = sender, message.subject
    except (ValueError, IndexError, HeaderParseError):
        raise MailFailed(reason="address") from None
    mime["Date"] = formatdate(usegmt=True)
    mime["Message-ID"] = f"<{message.id}@{domain}>" if message.id else make_msgid(domain=domain)
    mime["Auto-Submitted"] = "auto-generated"
    mime.set_content(message.body)
    if message.html:
        mime.add_alternative(message.html, subtype="html")
    for file in message.attachments:
        kind, _, subtype = file.media_type.partition("/")
        mime.add_attachment(file.data, maintype=kind, subtype=subtype, filename=file.name)
    return mime
