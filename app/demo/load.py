"""People arriving at a steady rate, each reading for a while between the requests of the ceremony: the load of `pakta bench http`.

Run as a program it reads one JSON line ({"links": [{"code", "birth_date"}], "rate", "reading"}), activates a device for everybody, says
so, waits for a line, lets them arrive, and prints one JSON line: when each was done, how long each request took, and what was refused.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import uvloop

from app.core.memory import settle
from app.core.settings import Settings
from app.demo.wire import Wire, WireError
from app.device.checks import DeviceRefusal
from app.device.signer import Client, Device, ServerRefusal
from app.identity.passkey import RelyingParty

T = TypeVar("T")
Phone = tuple[Device, list[str]]
"""A person's device and the ids of what the person owes."""
ACTIVATING = 8  # at a time


@dataclass
class Measured:
    """Seconds each request took by its name, the instants (monotonic) people were done, and how often which refusal came."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    done: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def timed(self, name: str, step: Awaitable[T]) -> T:
        """Wait for a step and keep how long it took."""
        started = time.perf_counter()
        result = await step
        self.seconds[name].append(time.perf_counter() - started)
        return result


async def activate_all(http: Client, party: RelyingParty, links: list[dict[str, str]]) -> list[Phone]:
    """Return an activated device for every link, with what its person owes."""
    turn = asyncio.Semaphore(ACTIVATING)

    async def activated(link: dict[str, str]) -> Phone:
        async with turn:
            device = Device(http, party.origin, party.id)
            await device.activate(link["code"], date.fromisoformat(link["birth_date"]))
            return device, [owed["id"] for owed in await device.pending()]

    return await asyncio.gather(*map(activated, links))


async def arrive(phones: list[Phone], *, rate: float, reading: float) -> Measured:
    """Let people arrive `rate` a second, late or not, and sign; each reads for `reading` seconds in all."""
    measured = Measured()
    first = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, phone in enumerate(phones):
            if (wait := first + number / rate - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            group.create_task(_sign(phone, reading, measured))
    return measured


async def _sign(phone: Phone, reading: float, measured: Measured) -> None:
    device, owed = phone
    try:
        prepared = await measured.timed("open", device.open(owed))
        await asyncio.sleep(reading * 0.8)
        signature = await measured.timed("certificate", device.make_signatures(prepared))
        await asyncio.sleep(reading * 0.2)
        await measured.timed("signatures", device.send(signature))
    except (ServerRefusal, DeviceRefusal, WireError) as refusal:
        measured.refused[getattr(refusal, "code", "") or type(refusal).__name__] += 1
    else:
        measured.done.append(time.monotonic())


async def _main(url: str) -> None:
    asked: dict[str, Any] = json.loads(await asyncio.to_thread(sys.stdin.readline))
    party = RelyingParty.of(Settings().service)
    http = Wire(url)
    phones = await activate_all(http, party, asked["links"])
    settle()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    measured = await arrive(phones, rate=asked["rate"], reading=asked["reading"])
    await http.close()
    print(json.dumps({"seconds": measured.seconds, "done": measured.done, "refused": measured.refused}), flush=True)


if __name__ == "__main__":
    uvloop.run(_main(sys.argv[1]))
