"""`pakta bench http`: the whole service under people who sign, measured from outside over HTTP.

A server of its own with two processes, its embedded database, and the people's devices run on this machine together. People arrive at a
given rate and stay, reading, as long as it takes for the given number to be at it at once; the rate they are done at, the time of each
request, refusals, memory and where the processor's time went are reported.
"""

import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from app.cli.bench_watch import Watch
from app.cli.demo_once import admin_token
from app.cli.process_times import ProcessTimes
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.errors import CannotStart
from app.core.permission import Role
from app.core.postgres import LocalPostgres, find_binaries
from app.core.settings import DatabaseSettings, Settings, StorageSettings
from app.demo.city import Admin, DemoFailed, Pending
from app.wiring import running

START_SECONDS = 120.0
UNITS = 500  # heads of units, who are in it as well
SPARE = 1.05  # so many times the people asked for are on the roster: some owe nothing


async def run(
    *, people: int, concurrent: int, rate: float, workers: int, generators: int, one_unit: bool
) -> dict[str, Any]:
    """Measure; return what `--json` prints. `one_unit`: everybody in one unit, with dashboards and recounts at work."""
    with tempfile.TemporaryDirectory(prefix="pakta-bench-") as folder:
        data = Path(folder) / "data"
        async with serving(data, workers) as (server, url), httpx.AsyncClient(base_url=url, timeout=600) as http:
            admin = Admin(http, await token_of(data))
            await admin.import_roster(round(people * SPARE) + 20 + (UNITS if one_unit else 0), data, one_unit=one_unit)
            round_id = await admin.open_round(SystemClock().now())
            chosen = await _signers(admin, round_id, people, one_unit=one_unit)
            links = await admin.links(chosen)
            asked = [
                {"links": links[i::generators], "rate": rate / generators, "reading": concurrent / rate}
                for i in range(generators)
            ]
            async with _crowd(asked, url, data) as phones:
                times = ProcessTimes(
                    {"server": [server.pid], "database": [postmaster(data)], "devices": [p.pid for p in phones]}
                )
                before, memory = times.seconds(), times.memory("server")
                watch = Watch(http, admin.headers, round_id, _database(data)) if one_unit else None
                told = await (watch.during(_go(phones)) if watch else _go(phones))
                spent = {kind: now - before[kind] for kind, now in times.seconds().items()}
                result = _summary(told, people, concurrent, rate, workers)
                result["cpu_ms_per_person"] = {kind: round(s * 1000 / people, 1) for kind, s in spent.items()}
                if watch:
                    result["watched"] = watch.summary()
                    await watch.database.close()
                result["server_mb"] = {"before": memory, "after": times.memory("server")}
            figures = (await admin.compliance(round_id))["total"]
            result["signed_in_the_register"] = figures["signed"]
    return result


async def _signers(admin: Admin, round_id: str, people: int, *, one_unit: bool) -> list[Pending]:
    """Choose who signs; of one unit, those of the agency nearly everybody is in."""
    if not one_unit:
        return (await admin.choose_signers(round_id, people))[:people]
    waiting = [person async for person in admin.pending(round_id)]
    ((agency, _),) = Counter(person.agency_id for person in waiting).most_common(1)
    return [person for person in waiting if person.agency_id == agency][:people]


def _database(data: Path) -> Database:
    postgres = LocalPostgres(data / "postgres", find_binaries(None))
    return Database(postgres.url, DatabaseSettings(url=SecretStr(postgres.url), pool_size=2))


def _summary(told: Sequence[dict[str, Any]], people: int, concurrent: int, rate: float, workers: int) -> dict[str, Any]:
    """Rates are of the middle 80 % of the people: neither the first to arrive nor the last to leave."""
    done = sorted(at for one in told for at in one["done"])
    tenth = len(done) // 10
    middle = done[tenth : len(done) - tenth] if tenth else done
    names = told[0]["seconds"]
    seconds = {name: sorted(s for one in told for s in one["seconds"][name]) for name in names}
    refused: dict[str, int] = {}
    for one in told:
        for code, count in one["refused"].items():
            refused[code] = refused.get(code, 0) + count
    every = sorted(s for values in seconds.values() for s in values)
    return {
        "people": people,
        "concurrent": concurrent,
        "arrivals_per_second": rate,
        "workers": workers,
        "people_per_second": round((len(middle) - 1) / (middle[-1] - middle[0]), 1) if len(middle) > 1 else 0.0,
        "errors": sum(refused.values()),
        "refused": refused,
        "p50_ms": round(statistics.median(every) * 1000, 1) if every else None,
        "p95_ms": _p95(every),
        "requests": {
            name: {"p50_ms": round(statistics.median(s) * 1000, 1), "p95_ms": _p95(s)} for name, s in seconds.items()
        },
    }


def _p95(values: Sequence[float]) -> float | None:
    return round(values[int(len(values) * 0.95)] * 1000, 1) if values else None


def postmaster(data: Path) -> int:
    """Return the process of the database server of a data folder."""
    return int((data / "postgres/data/postmaster.pid").read_text().split("\n", 1)[0])


@asynccontextmanager
async def serving(
    data: Path, workers: int, more: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Start a server over a data folder, without limits that would measure themselves; yield its process and URL. `more`: environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://localhost:{port}"
    server = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "app",
            "serve",
            "--port",
            str(port),
            "--workers",
            str(workers),
            "--data-dir",
            str(data),
        ),
        env=_environment(url, data) | dict(more or {}),
        stdout=sys.stderr,  # its logs: the caller's standard output holds the result
    )
    try:
        async with httpx.AsyncClient(base_url=url) as http, asyncio.timeout(START_SECONDS):
            while not await _ready(http):
                if server.returncode is not None:
                    raise CannotStart("The server did not start.")
                await asyncio.sleep(0.2)
        yield server, url
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()


async def _ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


def _environment(url: str, data: Path) -> dict[str, str]:
    many = "1000000"  # everybody comes from one address, and dashboards share a token
    unlimited = {f"PAKTA_LIMIT_{kind}_PER_MINUTE": many for kind in ("LOGIN", "TOKEN")} | {
        "PAKTA_LIMIT_UPLOAD_MB": "200"
    }
    return os.environ | unlimited | {"PAKTA_BASE_URL": url, "PAKTA_DATA_DIR": str(data)}


async def token_of(data: Path, role: Role = Role.BKPSDM_ADMIN) -> str:
    """Return an administrator's token of the server over a data folder, or another role's."""
    async with running(Settings(given=[StorageSettings(data_dir=data)])) as held:
        return await admin_token(held, role)


@asynccontextmanager
async def _crowd(
    asked: Iterable[dict[str, Any]], url: str, data: Path
) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """Start the people's devices; they are activated when this yields."""
    phones = []
    try:
        for wanted in asked:
            phone = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "app.demo.load", url),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_environment(url, data),
                limit=1 << 28,
            )
            phones.append(phone)
            assert phone.stdin is not None
            phone.stdin.write(json.dumps(wanted).encode() + b"\n")
        await asyncio.gather(*map(_line, phones))
        yield phones
    finally:
        for phone in phones:
            if phone.returncode is None:
                phone.kill()
            await phone.wait()


async def _go(phones: Sequence[asyncio.subprocess.Process]) -> list[dict[str, Any]]:
    for phone in phones:
        assert phone.stdin is not None
        phone.stdin.write(b"go\n")
    return [json.loads(line) for line in await asyncio.gather(*map(_line, phones))]


async def _line(phone: asyncio.subprocess.Process) -> bytes:
    assert phone.stdout is not None
    line = await phone.stdout.readline()
    if not line:
        raise DemoFailed("A process of the load generator ended early.")
    return line
