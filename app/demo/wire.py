"""An HTTP/1.1 client of one server that costs as little as a load generator should: it shares the processor with what it measures.

It knows what our server answers with (a length, one connection kept open) and nothing more; `request` and its answer have the names
`Device` uses of httpx.
"""

import asyncio
import json
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

REST_SECONDS = 2.0  # the server closes what rests for five


class WireError(Exception):
    """The server closed the connection, or answered with something that is no answer of ours."""

    code = "wire.broken"


class _Jar(dict[str, str]):
    """The client keeps no cookies: devices do."""


@dataclass
class Reply:
    """An answer."""

    status_code: int
    headers: list[tuple[str, str]]
    content: bytes

    @property
    def is_error(self) -> bool:
        """Whether the server refused or failed."""
        return self.status_code >= 400

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")

    @cached_property
    def cookies(self) -> dict[str, str]:
        """Cookies the answer sets."""
        jar: SimpleCookie = SimpleCookie()
        for name, value in self.headers:
            if name == "set-cookie":
                jar.load(value)
        return {name: morsel.value for name, morsel in jar.items()}

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)


class Wire:
    """Connections to one server, used again one after another; as many as there are requests at once."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "localhost", parts.port or 80
        self._head = f"host: {parts.netloc}\r\n"
        self._idle: deque[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self.cookies = _Jar()

    async def request(
        self, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Send a request and wait for its answer; raises `WireError`."""
        body = _dumps(json)
        lines = [f"{method} {path} HTTP/1.1\r\n{self._head}"]
        lines += [f"{name}: {value}\r\n" for name, value in (headers or {}).items()]
        if body or method == "POST":
            lines.append(f"content-type: application/json\r\ncontent-length: {len(body)}\r\n")
        reader, writer = await self._connection()
        try:
            writer.write("".join([*lines, "\r\n"]).encode() + body)
            reply = await _read(reader)
        except (asyncio.IncompleteReadError, OSError, ValueError) as error:
            await _end(writer)
            raise WireError(type(error).__name__) from error
        self._idle.append((time.monotonic(), reader, writer))
        return reply

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The connection that was used last, unless the server may be closing it just now."""
        while self._idle:
            since, reader, writer = self._idle.pop()
            if time.monotonic() - since < REST_SECONDS:
                return reader, writer
            await _end(writer)
        return await asyncio.open_connection(self._host, self._port)

    async def close(self) -> None:
        """Close every connection."""
        while self._idle:
            await _end(self._idle.pop()[2])


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _dumps(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


async def _read(reader: asyncio.StreamReader) -> Reply:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in head[1:] if line)]
    length = next((int(value) for name, value in headers if name == "content-length"), 0)
    status = head[0].split(" ", 2)
    if len(status) < 2:
        raise ValueError(head[0])
    return Reply(int(status[1]), headers, await reader.readexactly(length))
