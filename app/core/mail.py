"""Mail: SMTP, or a folder of .eml files for a machine without a mail server."""

from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.core.errors import AppError, Kind
from app.core.ids import new_id
from app.core.settings import MailSettings


class MailFailed(AppError):
    """The mail server refused or could not be reached; nothing was lost, asking again is safe."""

    kind = Kind.UNAVAILABLE
    code = "mail.failed"


@dataclass(frozen=True, slots=True)
class Message:
    """A plain-text message to one person."""

    to: str
    subject: str
    body: str


class Mailer(Protocol):
    """Sends messages."""

    @property
    def available(self) -> bool:
        """Whether there is anything to send through."""
        ...

    async def send(self, message: Message) -> None:
        """Send a message; raises `MailFailed`."""
        ...


class NoMailer:
    """Stands where no mail server is set."""

    available = False

    async def send(self, message: Message) -> None:
        """Refuse."""
        raise MailFailed(to=message.to)


class FolderMailer:
    """Writes one .eml file a message."""

    available = True

    def __init__(self, folder: Path, sender: str) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._sender = folder, sender

    async def send(self, message: Message) -> None:
        """Write the message; its name sorts by time."""
        (self._folder / f"{new_id()}.eml").write_bytes(bytes(_mime(message, self._sender)))


class SmtpMailer:
    """An SMTP server."""

    available = True

    def __init__(self, url: str, sender: str) -> None:
        self._parts, self._sender = urlsplit(url), sender

    async def send(self, message: Message) -> None:
        """Hand the message to the server."""
        parts = self._parts
        try:
            await aiosmtplib.send(
                _mime(message, self._sender),
                hostname=parts.hostname or "localhost",
                port=parts.port,
                username=unquote(parts.username) if parts.username else None,
                password=unquote(parts.password) if parts.password else None,
                use_tls=parts.scheme == "smtps",
                timeout=10,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailFailed(reason=type(error).__name__) from error


def build_mailer(settings: MailSettings) -> Mailer:
    """Return the mailer the settings ask for."""
    url = settings.url.get_secret_value()
    if not url:
        return NoMailer()
    if url.startswith("dir://"):
        return FolderMailer(Path(urlsplit(url).path), settings.sender)
    return SmtpMailer(url, settings.sender)


def _mime(message: Message, sender: str) -> EmailMessage:
    """Return the message with the headers RFC 5322 §3.6 asks of its writer; an address that is none is a `MailFailed`."""
    mime = EmailMessage()
    try:
        mime["To"] = Address(addr_spec=message.to)
        mime["From"], mime["Subject"] = sender, message.subject
    except (ValueError, IndexError, HeaderParseError):  # IndexError: the parser's own word for an empty text
        raise MailFailed(reason="address") from None
    mime["Date"], mime["Message-ID"] = formatdate(usegmt=True), make_msgid(domain=sender.rpartition("@")[2])
    mime.set_content(message.body)
    return mime
