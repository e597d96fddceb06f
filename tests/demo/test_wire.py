"""The load generator's client: it must not hide what a server does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.demo.wire import Wire, WireError


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[Wire, list[bytes], list[int]]]:
    """A server that gives these answers, one a request, then hangs up; with what it was asked and over how many connections."""
    left, asked, connections = list(answers), [], []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        while left:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            asked.append(head + await reader.readexactly(length))
            writer.write(left.pop(0))
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire = Wire(f"http://127.0.0.1:{port}")
    async with server:
        yield wire, asked, connections
        await wire.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nSet-Cookie: pakta=abc; Path=/; HttpOnly\r\n\r\n" + b'{"a":1}'


async def test_requests_share_a_connection_and_read_body_status_and_cookies() -> None:
    async with answering(OK, b"HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\n\r\n{}") as (wire, asked, connections):
        first = await wire.request("POST", "/x", json={"b": 2}, headers={"x-csrf-token": "t"})
        second = await wire.request("GET", "/y")
    assert (first.status_code, first.is_error, first.json(), first.cookies) == (200, False, {"a": 1}, {"pakta": "abc"})
    assert (second.status_code, second.is_error) == (409, True)
    assert asked[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert asked[0].endswith(b'\r\n\r\n{"b": 2}')
    assert b"x-csrf-token: t\r\n" in asked[0]
    assert len(connections) == 1


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", b"nonsense\r\n\r\n"])
async def test_an_answer_that_breaks_off_is_told(answer: bytes) -> None:
    async with answering(answer) as (wire, _, _):
        with pytest.raises(WireError):
            await wire.request("GET", "/")
