"""A wave of reminders into a real SMTP server: messages a second, memory, and that everybody got exactly one.

    python -m benchmarks.reminders [--people 10000] [--connections 8] [--links | --kill [TIMES] [--at SHARE]] [--json]

PostgreSQL of its own in a temporary folder, aiosmtpd in a process of its own, and the product's own run in a third: claims, checks and
outcomes included, commits on disk. With `--kill` the run is that of a real `pakta worker`, which is killed (SIGKILL) at so many random moments of the
wave, or when the sink has a share of the messages, and started again at once; seconds are from its first start to the end of the wave.
Persons are synthetic. Machines are noisy: compare ratios.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from pydantic import SecretStr

from app.core.clock import SystemClock
from app.core.ids import new_id
from app.core.permission import Role
from app.core.postgres import LocalPostgres, find_binaries
from app.core.principal import Principal, Scope
from app.core.reminder_settings import ReminderSettings
from app.core.schema import upgrade
from app.core.settings import DatabaseSettings, MailSettings, ServiceSettings, Settings, StorageSettings
from app.reminder import queries, running
from app.reminder.listing import service as listing
from app.reminder.means import Means, means_of
from app.reminder.plan import default_plan
from app.wiring import build, open_keys
from benchmarks.reminder_city import got, serving_sink, write_people

SENDER = "pakta@kota.example"
MOST_SECONDS = 600.0
ADMIN = Principal(UUID(int=1), Role.BKPSDM_ADMIN, Scope())


@contextmanager
def city(people: int, connections: int, port: int) -> Iterator[tuple[Settings, str, UUID]]:
    """Yield the settings, the database's URL and the round of a city written into a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        server = LocalPostgres(Path(folder) / "postgres", find_binaries(None))
        url = server.start()
        try:
            upgrade(url)
            round_id = write_people(url, people)
            (Path(folder) / "data").mkdir()
            settings = Settings(
                given=[
                    ServiceSettings(),
                    StorageSettings(data_dir=Path(folder) / "data"),
                    DatabaseSettings(url=SecretStr(url), pool_size=10),
                    MailSettings(url=SecretStr(f"smtp://127.0.0.1:{port}"), sender=SENDER),
                    ReminderSettings(connections=connections, quiet_from="00:00", quiet_until="00:00", automatic=False),
                ]
            )
            yield settings, url, round_id
        finally:
            server.stop()


def means_for(settings: Settings, url: str) -> Means:
    """Return what a run needs."""
    return means_of(build(settings, SystemClock(), open_keys(settings, datetime.now(UTC)), url))


async def plan_wave(means: Means, round_id: UUID, *, links: bool) -> None:
    """Make one wave that is due now."""
    now = means.clock.now()
    async with means.database.transaction() as session:
        plan = default_plan(means.reminder).model_copy(update={"activation_links": links})
        await queries.keep_plan(session, round_id, plan.model_dump(mode="json"), UUID(int=0), now)
        wave = {"id": new_id(), "round_id": round_id, "kind": "manual", "planned_at": now, "due_at": now}
        await queries.add_waves(session, [wave | {"state": "planned", "created_at": now}])


async def send(means: Means, round_id: UUID, *, links: bool) -> tuple[float, float]:
    """Make one wave and run it; return seconds, and this process's own CPU seconds."""
    await plan_wave(means, round_id, links=links)
    begun, cpu = time.perf_counter(), time.process_time()
    await running.run(means)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    await means.database.close()
    return seconds, cpu


def measure(people: int, connections: int, *, links: bool) -> dict[str, Any]:
    """Run one wave in this process; return the figures."""
    with serving_sink() as (port, pipe), city(people, connections, port) as (settings, url, round_id):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds, cpu = asyncio.run(send(means_for(settings, url), round_id, links=links))
        by_address, size = got(pipe)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {
            "people": people,
            "connections": connections,
            "activation_links": links,
            "seconds": round(seconds, 2),
            "cpu_seconds": round(cpu, 2),
            "messages_per_second": round(people / seconds, 1),
            "states": states(url),
            "sink_addresses": len(by_address),
            "sink_most_to_one": max(by_address.values(), default=0),
            "sink_mb": round(size / 1e6, 1),
            "peak_mb": peak // 1024,
            "grown_mb": (peak - before) // 1024,
        }


def measure_killed(people: int, connections: int, moments: Sequence[float]) -> dict[str, Any]:
    """Run one wave by workers of which each is killed when the sink has a share of the messages, and by the last one; return the figures.

    `missing` are people whose message had not arrived at the end of the wave. `in_doubt` were under way at a kill and had not been answered: they
    are shown as unknown and not sent again by themselves. The sink knows, as a mail server's log does: those it never got are sent on purpose
    by an administrator then, and `twice` and `sink_addresses` are of the very end. `not_shown` are missing without being in doubt.
    """
    with serving_sink() as (port, pipe), city(people, connections, port) as (settings, url, round_id):
        means = means_for(settings, url)
        asyncio.run(_plan_and_close(means, round_id))
        begun, killed = time.perf_counter(), []
        for share in sorted(moments):
            worker = _worker(settings)
            _wait(lambda share=share: len(got(pipe)[0]) >= people * share)
            time.sleep(share * people % 1 / 10)  # anywhere between two looks
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
            killed.append(len(got(pipe)[0]))
        worker = _worker(settings)
        try:
            _wait(lambda: _ask(url, "SELECT state FROM reminder_wave") == [("done",)])
            seconds = time.perf_counter() - begun
            arrived = set(got(pipe)[0])
            doubt = dict(_ask(url, "SELECT address, id FROM reminder_delivery WHERE state = 'unknown'"))
            asyncio.run(_send_again(settings, url, [doubt[address] for address in doubt.keys() - arrived]))
            _wait(lambda: _ask(url, "SELECT state FROM reminder_wave") == [("done",)])
        finally:
            worker.terminate()
            worker.wait(30)
        by_address, _ = got(pipe)
        return {
            "people": people,
            "connections": connections,
            "seconds": round(seconds, 2),
            "sink_addresses_at_the_kills": killed,
            "twice": sum(count > 1 for count in by_address.values()),
            "missing": people - len(arrived),
            "in_doubt": len(doubt),
            "in_doubt_arrived": len(doubt.keys() & arrived),
            "not_shown": people - len(arrived | doubt.keys()),
            "states": states(url),
            "sink_addresses": len(by_address),
        }


async def _send_again(settings: Settings, url: str, deliveries: Sequence[UUID]) -> None:
    means = means_for(settings, url)
    for delivery_id in deliveries:
        async with means.database.transaction() as session:
            await listing.resend(session, ADMIN, delivery_id, now=means.clock.now())
    await means.database.close()


async def _plan_and_close(means: Means, round_id: UUID) -> None:
    await plan_wave(means, round_id, links=False)
    await means.database.close()


def _worker(settings: Settings) -> subprocess.Popen[bytes]:
    given = {
        "PAKTA_DATABASE_URL": settings.database.url.get_secret_value(),
        "PAKTA_DATA_DIR": str(settings.storage.data_dir),
        "PAKTA_SMTP_URL": settings.mail.url.get_secret_value(),
        "PAKTA_SMTP_SENDER": SENDER,
        "PAKTA_REMINDER_CONNECTIONS": str(settings.reminder.connections),
        "PAKTA_REMINDER_AUTOMATIC": "false",
        "PAKTA_REMINDER_QUIET_FROM": "00:00",
        "PAKTA_REMINDER_QUIET_UNTIL": "00:00",
    }
    return subprocess.Popen([sys.executable, "-m", "app", "worker"], env=os.environ | given, stdout=sys.stderr)


def _wait(done: Callable[[], bool]) -> None:
    until = time.monotonic() + MOST_SECONDS
    while not done():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.1)


def _ask(url: str, statement: LiteralString) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def states(url: str) -> dict[str, int]:
    """Return how many messages stand where."""
    return dict(_ask(url, "SELECT state, count(*) FROM reminder_delivery GROUP BY state"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--links", action="store_true", help="with a fresh activation link for everybody")
    parser.add_argument("--kill", type=int, nargs="?", const=1, help="kill the worker so often and start another")
    parser.add_argument("--at", type=float, help="share of the messages at which it is killed; random without")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.kill:
        moments = [random.uniform(0.02, 0.98) if given.at is None else given.at for _ in range(given.kill)]
        found = measure_killed(given.people, given.connections, moments)
    else:
        found = measure(given.people, given.connections, links=given.links)
    print(json.dumps(found) if given.json else "\n".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
