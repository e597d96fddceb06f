"""What a ceremony costs the server's processor in this checkout against another, however noisy the machine.

    python -m benchmarks.ceremony /path/to/other/checkout [--people 180]

Each checkout's application runs in a process of its own with its own interpreter and database, called without sockets. They take turns,
a few people each, so that a machine that slows down slows both; a figure is the median over the turns, a ratio the median of the ratios
of neighbouring turns. Seconds are those of the thread that answers, of each request between its first and last octet.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import uvloop

from app.cli.demo_once import admin_token
from app.core.clock import SystemClock
from app.core.memory import settle
from app.core.settings import Settings
from app.demo.city import Admin
from app.demo.wire import Reply
from app.device.signer import Device
from app.identity.passkey import RelyingParty
from app.main import create_app

TURN = 6  # people
WARM = 30  # people who sign before anything is measured
HOST = b"localhost:8000"
Turn = dict[str, float]
"""Milliseconds a person by the last part of the request's path."""


class Caller:
    """Calls an application and adds up the processor time of each kind of request."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.cookies: dict[str, str] = {}
        self.spent: defaultdict[str, float] = defaultdict(float)

    async def request(
        self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a request and return its answer."""
        body = b"" if json is None else _dumped(json)
        parts = urlsplit(path)
        given = {"content-type": "application/json", "content-length": str(len(body))} | dict(headers or {})
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(b"host", HOST), *((name.lower().encode(), value.encode()) for name, value in given.items())],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 8000),
        }
        asked: Iterator[Mapping[str, Any]] = iter([{"type": "http.request", "body": body, "more_body": False}])
        told: list[Mapping[str, Any]] = []

        async def receive() -> Mapping[str, Any]:
            return next(asked, None) or await asyncio.get_running_loop().create_future()

        async def send(message: Mapping[str, Any]) -> None:
            told.append(message)

        before = time.thread_time()
        await self._app(scope, receive, send)
        self.spent[parts.path.rsplit("/", 1)[1]] += time.thread_time() - before
        names = [(name.decode(), value.decode()) for name, value in told[0]["headers"]]
        return Reply(told[0]["status"], names, b"".join(message.get("body", b"") for message in told[1:]))


def _dumped(body: Any) -> bytes:
    return json.dumps(body).encode()


async def _take_turns(people: int) -> None:
    """The program of one checkout, whose `app` is on the path: it says when everybody has a device, then lets so many sign as each line says."""
    settings = Settings()
    app, party = create_app(settings), RelyingParty.of(settings.service)
    async with app.router.lifespan_context(app):
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=settings.service.base_url, timeout=600
        ) as http:
            admin = Admin(http, await admin_token(app.state.resources))
            await admin.import_roster(round(people * 1.3) + 60, settings.storage.data_dir)
            round_id = await admin.open_round(SystemClock().now())
            links = await admin.links((await admin.choose_signers(round_id, people))[:people])
        caller = Caller(app)
        devices = []
        for link in links:
            device = Device(caller, party.origin, party.id)
            await device.activate(link["code"], date.fromisoformat(link["birth_date"]))
            devices.append((device, [owed["id"] for owed in await device.pending()]))
        settle()
        await _sign(devices[:WARM])
        waiting = devices[WARM:]
        print("ready", flush=True)
        while count := int(await asyncio.to_thread(sys.stdin.readline) or 0):
            caller.spent.clear()
            await _sign(waiting[:count])
            del waiting[:count]
            print(json.dumps({name: s * 1000 / count for name, s in caller.spent.items()}), flush=True)


async def _sign(devices: Sequence[tuple[Any, list[str]]]) -> None:
    for device, owed in devices:
        await device.sign(await device.open(owed))


def _start(checkout: Path, people: int, folder: Path) -> subprocess.Popen[str]:
    environment = os.environ | {
        "PYTHONPATH": str(checkout),
        "PAKTA_DATA_DIR": str(folder),
        "PAKTA_BASE_URL": f"http://{HOST.decode()}",
        "PAKTA_LIMIT_LOGIN_PER_MINUTE": "1000000",
        "PAKTA_LIMIT_TOKEN_PER_MINUTE": "1000000",
    }
    return subprocess.Popen(
        [str(checkout / ".venv/bin/python"), str(Path(__file__).resolve()), "--take-turns", str(people)],
        cwd=checkout,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    while line := process.stdout.readline():
        if line.startswith(("{", "ready")):
            return line
    raise SystemExit("A checkout's application ended early.")


def _turn(process: subprocess.Popen[str], count: int) -> Turn:
    assert process.stdin is not None
    process.stdin.write(f"{count}\n")
    process.stdin.flush()
    told: Turn = json.loads(_line(process))
    return told


def compare(checkouts: Sequence[Path], people: int) -> list[dict[str, Any]]:
    """Return for each checkout its milliseconds a person, in all and by request, and its ratio to the first."""
    with tempfile.TemporaryDirectory(prefix="pakta-ceremony-") as folder:
        processes = []
        for number, checkout in enumerate(checkouts):
            processes.append(_start(checkout, people + WARM, Path(folder) / str(number)))
            _line(processes[-1])
        turns: list[list[Turn]] = [[] for _ in checkouts]
        for number in range(people // TURN):
            order = range(len(processes)) if number % 2 else reversed(range(len(processes)))
            for i in order:
                turns[i].append(_turn(processes[i], TURN))
        for process in processes:
            process.communicate("0\n")
    sums = [[sum(turn.values()) for turn in mine] for mine in turns]
    return [
        {
            "checkout": str(checkout),
            "ms_per_person": round(statistics.median(mine), 2),
            "ratio": round(statistics.median(a / b for a, b in zip(mine, sums[0], strict=True)), 3),
            "requests": {name: round(statistics.median(t[name] for t in told), 2) for name in told[0]},
        }
        for checkout, told, mine in zip(checkouts, turns, sums, strict=True)
    ]


def main() -> None:
    """Compare, and print one line a checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path, nargs="*", help="others; the first is what the rest is compared with")
    parser.add_argument("--people", type=int, default=180)
    parser.add_argument("--take-turns", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.take_turns:
        uvloop.run(_take_turns(given.take_turns))
        return
    here = Path(__file__).resolve().parents[1]
    for told in compare([*(one.resolve() for one in given.checkout), here], given.people):
        print(json.dumps(told))


if __name__ == "__main__":
    main()
