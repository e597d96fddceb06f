"""Mail: SMTP, or a folder of .eml files for a machine without a mail server.

`send` hands over one message. `line` is for many: one connection carries message after message, and each is handed over in two steps,
so that the caller can write down that it is about to be sent when all that could still be refused has been asked.
"""

from collections.abc import AsyncIterator, Callable
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

SECONDS = 10.0
_SEVEN_BIT = policy.default.clone(cte_type="7bit")  # a server need not know 8BITMIME (RFC 6152)
MESSAGES_A_CONNECTION = 100  # many servers end a connection that carries more
_BROKEN = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError)


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
    """Takes one message after the other: `begin`, then `finish` or `abandon`. Used by one task at a time."""

    async def begin(self, to: str) -> None:
        """Ask for everything that can be refused without the message; raises `NotHanded`, never with `UNKNOWN`."""
        ...

    async def finish(self, message: Message) -> None:
        """Hand over the message whose address was begun; raises `NotHanded`."""
        ...

    async def abandon(self) -> None:
        """Leave the address that was begun: nothing is sent to it."""
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

    async def begin(self, to: str) -> None:
        """Check the address."""
        _require_address(to)

    async def finish(self, message: Message) -> None:
        """Write the message."""
        await self._mailer.send(message)

    async def abandon(self) -> None:
        """Nothing was begun."""


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


class _SmtpLine:
    """MAIL and RCPT, then DATA, over a connection that is renewed when it broke or has carried many messages."""

    def __init__(self, connection: Callable[[], aiosmtplib.SMTP], sender: str) -> None:
        self._connection, self._sender = connection, sender
        self._client: aiosmtplib.SMTP | None = None
        self._carried = 0

    async def begin(self, to: str) -> None:
        """Connect if need be; MAIL and RCPT."""
        address = _require_address(to)
        client = await self._connected()
        try:
            await client.mail(self._sender)
            await client.rcpt(address)
        except aiosmtplib.SMTPRecipientRefused as refused:
            await self.abandon()
            raise NotHanded(_judged(refused, Handing.ADDRESS), _answer(refused)) from refused
        except aiosmtplib.SMTPResponseException as refused:  # the sender was refused: no fault of this address
            await self.abandon()
            raise NotHanded(Handing.LATER, _answer(refused)) from refused
        except _BROKEN as broken:
            await self.close()
            raise NotHanded(Handing.LATER, type(broken).__name__) from broken

    async def finish(self, message: Message) -> None:
        """DATA: from here on a connection that ends leaves the outcome unknown."""
        mime = _mime(message, self._sender).as_bytes(policy=policy.SMTP.clone(cte_type="7bit"))
        if self._client is None:
            raise NotHanded(Handing.LATER, "not begun")
        self._carried += 1
        try:
            await self._client.data(mime)
        except aiosmtplib.SMTPResponseException as refused:
            await self.abandon()
            raise NotHanded(_judged(refused, Handing.REFUSED), _answer(refused)) from refused
        except _BROKEN as broken:
            await self.close()
            raise NotHanded(Handing.UNKNOWN, type(broken).__name__) from broken

    async def abandon(self) -> None:
        """RSET (RFC 5321 §4.1.1.5); a connection that cannot even do that is left."""
        if self._client is not None:
            try:
                await self._client.rset()
            except (aiosmtplib.SMTPException, OSError):
                await self.close()

    async def close(self) -> None:
        """QUIT, or just hang up when the server does not listen any more."""
        client, self._client = self._client, None
        if client is not None:
            try:
                await client.quit()
            except (aiosmtplib.SMTPException, OSError):
                client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and (self._carried >= MESSAGES_A_CONNECTION or not self._client.is_connected):
            await self.close()
        if self._client is None:
            client = self._connection()
            try:
                await client.connect()
            except (aiosmtplib.SMTPException, OSError) as error:
                client.close()
                raise NotHanded(Handing.AWAY, type(error).__name__) from error
            self._client, self._carried = client, 0
        return self._client


def build_mailer(settings: MailSettings) -> Mailer:
    """Return the mailer the settings ask for."""
    url = settings.url.get_secret_value()
    if not url:
        return NoMailer()
    if url.startswith("dir://"):
        return FolderMailer(Path(urlsplit(url).path), settings.sender)
    return SmtpMailer(url, settings.sender)


def _judged(refused: aiosmtplib.SMTPResponseException, hard: Handing) -> Handing:
    """4yz may be better later, 5yz will not (RFC 5321 §4.2.1)."""
    return hard if refused.code >= 500 else Handing.LATER


def _answer(refused: aiosmtplib.SMTPResponseException) -> str:
    return f"{refused.code} {refused.message}"[:200]


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
