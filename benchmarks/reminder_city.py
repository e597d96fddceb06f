"""What a wave of reminders is measured with: a city of synthetic people who have not signed, and a real SMTP server that counts."""

import multiprocessing
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import psycopg
from aiosmtpd.controller import Controller

from app.core.ids import new_id

AGENCIES = 28


class Sink:
    """Counts messages by address."""

    def __init__(self) -> None:
        self.by_address: Counter[str] = Counter()
        self.bytes = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd names it
        self.by_address.update(envelope.rcpt_tos)
        self.bytes += len(envelope.content)
        return "250 OK"


def serve(port: int, pipe: Connection) -> None:
    """Run the sink: it tells what it got by address and in bytes whenever it is asked, until it is told to stop."""
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    pipe.send("ready")
    while pipe.recv() == "what":
        pipe.send((dict(sink.by_address), sink.bytes))
    controller.stop()


@contextmanager
def serving_sink() -> Iterator[tuple[int, Connection]]:
    """Run the sink in a process of its own; yield its port, and the pipe it is asked by."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here, there = multiprocessing.Pipe()
    sink = multiprocessing.get_context("spawn").Process(target=serve, args=(port, there), daemon=True)
    sink.start()
    here.recv()
    try:
        yield port, here
    finally:
        here.send("stop")
        sink.join(10)


def got(pipe: Connection) -> tuple[dict[str, int], int]:
    """Return how many messages the sink has by address, and their bytes."""
    pipe.send("what")
    found: tuple[dict[str, int], int] = pipe.recv()
    return found


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
