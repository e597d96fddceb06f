"""Mail goes to a folder or to a real SMTP server; whatever stops it is one refusal that may be tried again."""

import socket
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from app.core.mail import FolderMailer, MailFailed, Message, NoMailer, SmtpMailer, build_mailer
from app.core.settings import MailSettings

LETTER = Message("siti@malangkota.example", "Kode Anda", "Kode Anda: 123 456\nJangan dibagikan – rahasia ʿ.\n")
SENDER = "pakta@malangkota.example"


def settings(url: str) -> MailSettings:
    return MailSettings(url=SecretStr(url), sender=SENDER)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sink:
    """Takes every message but those to people it does not know."""

    def __init__(self) -> None:
        self.envelopes: list[tuple[str, list[str], bytes]] = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd names it
        if address.startswith("nobody"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd names it
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture
def sink():
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


def read(data: bytes) -> EmailMessage:
    found = message_from_bytes(data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def check_letter(found: EmailMessage) -> None:
    assert (found["To"], found["From"], found["Subject"]) == (LETTER.to, SENDER, LETTER.subject)
    assert found.get_content() == LETTER.body
    assert parsedate_to_datetime(found["Date"]).year >= 2026
    assert found["Message-ID"].endswith("@malangkota.example>")


async def test_a_folder_keeps_one_file_a_message_in_order(tmp_path: Path) -> None:
    mailer = build_mailer(settings(f"dir://{tmp_path}/mail"))
    assert isinstance(mailer, FolderMailer)
    assert mailer.available
    await mailer.send(LETTER)
    await mailer.send(Message("budi@malangkota.example", "Kedua", "x"))
    first, second = sorted((tmp_path / "mail").glob("*.eml"))
    check_letter(read(first.read_bytes()))
    assert read(second.read_bytes())["To"] == "budi@malangkota.example"


async def test_a_server_is_handed_the_message(sink) -> None:
    handler, port = sink
    mailer = build_mailer(settings(f"smtp://127.0.0.1:{port}"))
    assert isinstance(mailer, SmtpMailer)
    await mailer.send(LETTER)
    ((sender, recipients, content),) = handler.envelopes
    assert (sender, recipients) == (SENDER, [LETTER.to])
    check_letter(read(content.replace(b"\r\n", b"\n")))


async def test_a_server_that_refuses_a_person_is_a_refusal(sink) -> None:
    handler, port = sink
    with pytest.raises(MailFailed):
        await build_mailer(settings(f"smtp://127.0.0.1:{port}")).send(Message("nobody@x.example", "s", "b"))
    assert handler.envelopes == []


async def test_a_server_that_is_not_there_is_a_refusal() -> None:
    with pytest.raises(MailFailed):
        await build_mailer(settings(f"smtp://127.0.0.1:{free_port()}")).send(LETTER)


@pytest.mark.parametrize("to", ["a@x.example\nBcc: b@x.example", "a@x.example\r\nX: y", "tanpa alamat", "", "a@@b"])
async def test_an_address_that_is_none_is_a_refusal(tmp_path: Path, to: str) -> None:
    mailer = build_mailer(settings(f"dir://{tmp_path}/mail"))
    with pytest.raises(MailFailed):
        await mailer.send(Message(to, "s", "b"))
    assert list((tmp_path / "mail").iterdir()) == []


async def test_without_a_server_nothing_is_available() -> None:
    mailer = build_mailer(settings(""))
    assert isinstance(mailer, NoMailer)
    assert not mailer.available
    with pytest.raises(MailFailed):
        await mailer.send(LETTER)
