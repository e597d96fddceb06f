"""A real OpenID provider beside the tests (npm's `oidc-provider`), and a listener that plays the web where no provider errs enough."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.web.visits import Visit

FOLDER = Path(__file__).parent / "oidc_provider"
CALLBACK = "http://localhost:8000/masuk/sso/kembali"
SECRET = "a client's secret: %&+/=, long enough"
Reply = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]


def install() -> None:
    """Fetch the locked packages once."""
    if not (FOLDER / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, capture_output=True)


@contextmanager
def real_provider(port: int, logout: str, key: str = "first") -> Iterator[str]:
    """Run the provider as a process of its own; yields its issuer."""
    install()
    command = ["node", "provider.mjs", str(port), CALLBACK, logout, SECRET, key]
    with subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@asynccontextmanager
async def listening(reply: Reply) -> AsyncIterator[str]:
    """Answer plain HTTP on a free port of this machine; yields the address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next((int(h.split(":")[1]) for h in head.lower().split("\r\n") if h.startswith("content-length:")), 0)
        status, body = await reply(head.split(" ")[1], await reader.readexactly(length))
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body)) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@dataclass
class Web:
    """Documents by path, for `listening`; what was posted is kept."""

    documents: dict[str, object] = field(default_factory=dict)
    posted: list[dict[str, list[str]]] = field(default_factory=list)

    async def reply(self, path: str, body: bytes) -> tuple[int, bytes]:
        if body:
            self.posted.append(parse_qs(body.decode()))
        found = self.documents.get(path)
        return (200, json.dumps(found).encode()) if found is not None else (404, b"{}")


async def at_provider(visit: Visit, hint: str, browser: httpx.AsyncClient, begin: str = "/masuk/sso") -> str:
    """Begin at our page and sign in at the provider as `hint`; return the path and query it sends the browser back with."""
    begun = await visit.get(begin)
    assert begun.status_code == 303, begun.text
    address = f"{begun.headers['location']}&login_hint={hint}"
    for _ in range(6):
        reply = await browser.get(address)
        assert reply.is_redirect, reply.text
        address = str(reply.url.join(reply.headers["location"]))
        if address.startswith(CALLBACK):
            break
    back = urlsplit(address)
    return f"{back.path}?{back.query}"
