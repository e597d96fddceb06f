"""A wave of reminders into a real SMTP server: messages a second, memory, and that everybody got exactly one.

    python -m benchmarks.reminders [--people 10000] [--connections 8] [--links] [--json]

PostgreSQL of its own in a temporary folder, aiosmtpd in a process of its own, and the product's own run in a third: claims, checks and
outcomes included, commits on disk. Persons are synthetic. Machines are noisy: compare ratios.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import socket
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from app.core.clock import SystemClock
from app.core.ids import new_id
from app.core.postgres import LocalPostgres, find_binaries
from app.core.reminder_settings import ReminderSettings
from app.core.schema import upgrade
from app.core.settings import DatabaseSettings, MailSettings, ServiceSettings, Settings, StorageSettings
from app.reminder import queries, running
from app.reminder.means import means_of
from app.reminder.plan import default_plan
from app.wiring import build, open_keys

AGENCIES = 28


class Sink:
    """Counts messages by address and by Message-ID."""

    def __init__(self) -> None:
        self.by_address: Counter[str] = Counter()
        self.bytes = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd names it
        self.by_address.update(envelope.rcpt_tos)
        self.bytes += len(envelope.content)
        return "250 OK"


def serve(port: int, pipe: Connection) -> None:
    """Run the sink until it is asked what it got."""
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    pipe.send("ready")
    pipe.recv()
    pipe.send((len(sink.by_address), max(sink.by_address.values(), default=0), sink.bytes))
    controller.stop()


def write_people(url: str, people: int) -> UUID:
    """Write a city with an open round in which nobody has signed."""
    now, round_id, root = datetime.now(UTC), new_id(), new_id()
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO unit (id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position, valid_from)"
            " VALUES (%(root)s, 'R', 'Kota', NULL, %(root)s, false, '', '', 0, '2026-01-01')",
            {"root": root},
        )
        agencies = [new_id() for _ in range(AGENCIES)]
        for number, agency in enumerate(agencies, start=1):
            connection.execute(
                "INSERT INTO unit (id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position, valid_from)"
                " VALUES (%s, %s, %s, %s, %s, true, '22', '', %s, '2026-01-01')",
                (agency, f"A{number}", f"Dinas {number}", root, agency, number),
            )
        connection.execute(
            "INSERT INTO round (id, title, election, year, cut_off, opens_at, closes_at, countersign, paper, status, created_at,"
            " opened_at) VALUES (%s, 'Pilkada', 'Pilkada', 2026, %s, %s, %s, false, 'F4', 'open', %s, %s)",
            (round_id, now.date(), now, now + timedelta(days=30), now, now),
        )
        with connection.cursor().copy(
            "COPY employee (id, nip, name, birth_date, employment, legal_status, grade, grade_title, position_kind, position,"
            " echelon, unit_id, email, phone, current) FROM STDIN"
        ) as copy:
            ids = [(new_id(), agencies[n % AGENCIES], n) for n in range(people)]
            for person, agency, n in ids:
                copy.write_row(
                    (
                        *(person, f"{n:018d}", f"Pegawai {n}", "1985-01-01", "pns", "01", "III/a", "", "", "Staf", ""),
                        *(agency, f"p{n}@kota.example", "", True),
                    )
                )
        with connection.cursor().copy(
            "COPY participant (round_id, employee_id, agency_id, unit_id, employment, grade, position_kind, name, nip, printed,"
            " n_pending, n_signed, n_deferred, n_exempt, n_left) FROM STDIN"
        ) as copy:
            for person, agency, n in ids:
                copy.write_row(
                    (
                        round_id,
                        person,
                        agency,
                        agency,
                        "pns",
                        "III/a",
                        "",
                        f"Pegawai {n}",
                        f"{n:018d}",
                        "{}",
                        2,
                        0,
                        0,
                        0,
                        0,
                    )
                )
        connection.execute("ANALYZE")
    return round_id


async def send(settings: Settings, url: str, round_id: UUID, *, links: bool) -> tuple[float, float, dict[str, int]]:
    """Make one wave and run it; return seconds, this process's own CPU seconds, and how many messages stand where."""
    keys = open_keys(settings, datetime.now(UTC))
    held = build(settings, SystemClock(), keys, url)
    means = means_of(held)
    now = means.clock.now()
    async with means.database.transaction() as session:
        plan = default_plan(means.reminder).model_copy(update={"activation_links": links})
        await queries.keep_plan(session, round_id, plan.model_dump(mode="json"), UUID(int=0), now)
        wave = {"id": new_id(), "round_id": round_id, "kind": "manual", "planned_at": now, "due_at": now}
        await queries.add_waves(session, [wave | {"state": "planned", "created_at": now}])
    begun, cpu = time.perf_counter(), time.process_time()
    await running.run(means)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    await means.database.close()
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT state, count(*) FROM reminder_delivery GROUP BY state").fetchall()
    return seconds, cpu, dict(rows)


def measure(people: int, connections: int, *, links: bool) -> dict[str, Any]:
    """Run one wave; return the figures."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here, there = multiprocessing.Pipe()
    sink = multiprocessing.get_context("spawn").Process(target=serve, args=(port, there), daemon=True)
    sink.start()
    here.recv()
    with tempfile.TemporaryDirectory() as folder:
        server = LocalPostgres(Path(folder) / "postgres", find_binaries(None))
        url = server.start()
        try:
            upgrade(url)
            round_id = write_people(url, people)
            settings = Settings(
                given=[
                    ServiceSettings(),
                    StorageSettings(data_dir=Path(folder) / "data"),
                    DatabaseSettings(url=SecretStr(url), pool_size=10),
                    MailSettings(url=SecretStr(f"smtp://127.0.0.1:{port}"), sender="pakta@kota.example"),
                    ReminderSettings(connections=connections, quiet_from="00:00", quiet_until="00:00", automatic=False),
                ]
            )
            (Path(folder) / "data").mkdir()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            seconds, cpu, states = asyncio.run(send(settings, url, round_id, links=links))
        finally:
            server.stop()
    here.send("done")
    addresses, most, size = here.recv()
    sink.join(10)
    return {
        "people": people,
        "connections": connections,
        "activation_links": links,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "messages_per_second": round(people / seconds, 1),
        "states": states,
        "sink_addresses": addresses,
        "sink_most_to_one": most,
        "sink_mb": round(size / 1e6, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "grown_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--links", action="store_true", help="with a fresh activation link for everybody")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measure(given.people, given.connections, links=given.links)
    print(json.dumps(found) if given.json else "\n".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
