"""A real SMTP server that keeps what it gets and has the moods a test gives it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller

from tests.core.test_mail import free_port


class Sink:
    """`rcpt` and `data` are answers by address, used up one by one; `hook` is called when an address is named."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.envelopes: list[tuple[str, str]] = []
        self.rcpt: dict[str, list[str]] = {}
        self.data: dict[str, list[str]] = {}
        self.hook: Callable[[str], None] = lambda address: None
        self.got = threading.Condition()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd names it
        self.hook(address)
        if answers := self.rcpt.get(address):
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd names it
        address = envelope.rcpt_tos[0]
        answer = (self.data.get(address) or ["250 OK"]).pop(0)
        if answer.startswith("250") or answer == "hang up":
            with self.got:
                found = message_from_bytes(envelope.content, policy=policy.default)
                assert isinstance(found, EmailMessage)
                self.messages.append(found)
                self.envelopes.append((envelope.mail_from, address))
                self.got.notify_all()
        if answer == "hang up":
            server.transport.abort()
        return answer

    def wait_for(self, count: int, seconds: float = 30) -> None:
        """Wait until so many messages are there."""
        with self.got:
            assert self.got.wait_for(lambda: len(self.messages) >= count, seconds), len(self.messages)

    @property
    def by_address(self) -> Counter[str]:
        return Counter(address for _, address in self.envelopes)

    def to(self, address: str) -> EmailMessage:
        (found,) = [message for message in self.messages if message["To"] == address]
        return found


@contextmanager
def smtp_sink() -> Iterator[tuple[Sink, int]]:
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield sink, controller.port
    finally:
        controller.stop()
