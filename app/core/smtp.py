"""SMTP transactions that stop before their point of no return, which is the final dot.

A server may deliver a message only after it has received the line with nothing but a dot (RFC 5321 §4.1.1.4), and is responsible for it from its
250 on (§6.1); a connection that ends before that dot leaves nothing. So everything that takes time, the message itself included, is sent
first, and giving it away is three bytes.
"""

import asyncio
import re
from collections.abc import Callable
from typing import cast

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.response import SMTPResponse

from app.core.handing import Handing, NotHanded

MESSAGES_A_CONNECTION = 100  # many servers end a connection that carries more
ANSWER_SECONDS = 600.0  # to the final dot: RFC 5321 §4.5.3.2.6; who gives up earlier makes duplicates
CONTENT_SECONDS = 180.0  # until the server has taken the message: §4.5.3.2.5
_FLUSH_SECONDS = 0.002
_GO_ON = 354
_TAKEN = 250
_DOT_FIRST = re.compile(rb"(?m)^\.")
_BROKEN = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError)


class Transactions:
    """MAIL, RCPT, DATA and the message; then its dot and the answer. A connection that broke or has carried many messages is renewed."""

    def __init__(self, connection: Callable[[], aiosmtplib.SMTP], sender: str) -> None:
        self.sender = sender
        self._connection = connection
        self._client: aiosmtplib.SMTP | None = None
        self._answer: asyncio.Task[SMTPResponse] | None = None
        self._carried = 0

    async def start(self, address: str) -> None:
        """Connect if need be; MAIL and RCPT. Raises `NotHanded`."""
        client = await self._connected()
        try:
            await client.mail(self.sender)
            await client.rcpt(address)
        except aiosmtplib.SMTPRecipientRefused as refused:
            await self.abandon()
            raise NotHanded(_judged(refused.code, Handing.ADDRESS), _said(refused.code, refused.message)) from refused
        except aiosmtplib.SMTPResponseException as refused:  # the sender was refused: no fault of this address
            await self.abandon()
            raise NotHanded(Handing.LATER, _said(refused.code, refused.message)) from refused
        except _BROKEN as broken:
            await self.close()
            raise NotHanded(Handing.LATER, type(broken).__name__) from broken

    async def put(self, content: bytes) -> None:
        """DATA and the whole message (lines that end in CRLF) but its dot; it has left this process then. Raises `NotHanded`."""
        client = self._client
        if client is None:
            raise NotHanded(Handing.LATER, "not begun")
        self._carried += 1
        try:
            reply = await client.execute_command(b"DATA")
            if reply.code != _GO_ON:
                await self.abandon()
                raise NotHanded(_judged(reply.code, Handing.REFUSED), _said(reply.code, reply.message))
            await asyncio.wait_for(self._write(client, stuffed(content)), CONTENT_SECONDS)
        except _BROKEN as broken:
            await self.close()
            raise NotHanded(Handing.LATER, type(broken).__name__) from broken

    def hand(self) -> None:
        """The dot, at once; raises `NotHanded` where the server has ended the transaction already, so that nothing was given away."""
        protocol, answer = self._protocol(), self._answer
        if answer is not None and answer.done() and answer.exception() is None:  # 552: it is too large, and the like
            reply = answer.result()
            raise NotHanded(_judged(reply.code, Handing.REFUSED), _said(reply.code, reply.message))
        if protocol is None or not protocol.is_connected or answer is None or answer.done():
            raise NotHanded(Handing.LATER, "ended before the dot")
        protocol.write(b".\r\n")

    async def answered(self) -> None:
        """Wait for the server's word on the message that was handed over; raises `NotHanded`."""
        answer, self._answer = self._answer, None
        if answer is None:
            raise NotHanded(Handing.LATER, "not begun")
        try:
            reply = await asyncio.wait_for(answer, ANSWER_SECONDS)
        except (*_BROKEN, aiosmtplib.SMTPResponseException) as broken:
            await self.close()
            raise NotHanded(Handing.UNKNOWN, type(broken).__name__) from broken
        if reply.code != _TAKEN:
            await self.abandon()
            raise NotHanded(_judged(reply.code, Handing.REFUSED), _said(reply.code, reply.message))

    async def abandon(self) -> None:
        """Give up what was started: RSET (RFC 5321 §4.1.1.5), or hanging up where the message is already there and only its dot is not."""
        if self._answer is not None:
            await self.close()
        elif self._client is not None:
            try:
                await self._client.rset()
            except (aiosmtplib.SMTPException, OSError):
                await self.close()

    async def close(self) -> None:
        """QUIT, or just hang up when the server does not listen, or within a message."""
        client, self._client = self._client, None
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)
        if client is not None:
            try:
                if answer is None:
                    await client.quit()
            except (aiosmtplib.SMTPException, OSError):
                pass
            finally:
                client.close()

    async def _write(self, client: aiosmtplib.SMTP, content: bytes) -> None:
        protocol, transport = self._protocol(), cast("asyncio.WriteTransport | None", client.transport)
        if protocol is None or transport is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        protocol.write(content)
        self._answer = asyncio.create_task(protocol.read_response())  # listens before there is anything to answer
        while transport.get_write_buffer_size() and not self._answer.done():  # noqa: ASYNC110 - transports tell nobody when they are empty
            await asyncio.sleep(_FLUSH_SECONDS)

    def _protocol(self) -> SMTPProtocol | None:
        return self._client.protocol if self._client is not None else None

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


def stuffed(content: bytes) -> bytes:
    """Return lines with a dot before every dot that begins one (RFC 5321 §4.5.2), ending in CRLF."""
    whole = content if content.endswith(b"\r\n") else content + b"\r\n"
    return _DOT_FIRST.sub(b"..", whole)


def _judged(code: int, hard: Handing) -> Handing:
    """4yz may be better later, 5yz will not (RFC 5321 §4.2.1)."""
    return hard if code >= 500 else Handing.LATER


def _said(code: int, message: str) -> str:
    return f"{code} {message}"[:200]
