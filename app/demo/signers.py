"""People of the demonstration signing with devices of their own, many at a time, over the public API.

Run as a program it reads links from stdin (JSON: [{"code", "birth_date"}]), signs for them, and prints one line a person.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date

import httpx
import uvloop
from uvicorn.importer import import_from_string

from app.core.memory import loading, settle
from app.core.resources import Resources
from app.core.settings import Settings
from app.device.signer import Device
from app.identity.passkey import RelyingParty

AT_ONCE = 4
APPLICATION = "app.main:create_app"


@dataclass(frozen=True, slots=True)
class Link:
    """A person's activation code and birth date."""

    code: str
    birth_date: date


async def sign_all(
    http: httpx.AsyncClient, party: RelyingParty, links: Sequence[Link], done: Callable[[], None]
) -> None:
    """Activate, read and sign for everybody, `AT_ONCE` at a time."""
    waiting = list(reversed(links))

    async def phone() -> None:
        while waiting:
            link = waiting.pop()
            device = Device(http, party.origin, party.id)
            await device.activate(link.code, link.birth_date)
            owed = await device.pending()
            await device.sign(await device.open([o["id"] for o in owed]))
            done()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(AT_ONCE, len(waiting))):
            group.create_task(phone())


@asynccontextmanager
async def over_network(base_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running server."""
    async with httpx.AsyncClient(base_url=base_url, timeout=60) as http:
        yield http


@asynccontextmanager
async def in_process(settings: Settings) -> AsyncIterator[tuple[Resources, httpx.AsyncClient]]:
    """An application in this process with a client of it: the same requests without the sockets."""
    with loading():
        app = import_from_string(APPLICATION)(settings)  # by name, as the server's own command starts it
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=settings.service.base_url, timeout=60) as http:
            yield app.state.resources, http


async def _main(url: str | None) -> None:
    links = [Link(row["code"], date.fromisoformat(row["birth_date"])) for row in json.load(sys.stdin)]
    settings = Settings()
    party = RelyingParty.of(settings.service)
    async with AsyncExitStack() as stack:
        if url:
            http = await stack.enter_async_context(over_network(url))
        else:
            _, http = await stack.enter_async_context(in_process(settings))
        settle()
        await sign_all(http, party, links, lambda: print(".", flush=True))


if __name__ == "__main__":
    uvloop.run(_main(sys.argv[1] if len(sys.argv) > 1 else None))
