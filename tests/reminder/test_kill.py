"""kill -9 in the middle of a wave, by a real worker over a real mail server: nobody twice, nobody missed but those in flight, who are shown."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from app.pki.keyring import KeyRing
from app.reminder import queries
from tests.reminder.conftest import open_office
from tests.reminder.sink import Sink

PEOPLE, CONNECTIONS = 300, 4


def start_worker(url: str, folder: Path, port: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "PAKTA_DATABASE_URL": url,
        "PAKTA_DATA_DIR": str(folder / "data"),
        "PAKTA_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "PAKTA_SMTP_SENDER": "pakta@kota.example",
        "PAKTA_REMINDER_CONNECTIONS": str(CONNECTIONS),
        "PAKTA_REMINDER_AUTOMATIC": "false",
        "PAKTA_REMINDER_QUIET_FROM": "00:00",
        "PAKTA_REMINDER_QUIET_UNTIL": "00:00",
    }
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "app", "worker"], env=environment, stdout=log, stderr=log)


async def test_a_killed_wave_goes_on_and_nobody_gets_it_twice(
    fresh_database: str, tmp_path: Path, keys: KeyRing, sink: tuple[Sink, int]
) -> None:
    async with open_office(fresh_database, tmp_path, keys, sink, people=PEOPLE) as office:
        office.sql("UPDATE round SET opens_at = now() - interval '1 day', closes_at = now() + interval '9 days'")
        expected = {office.address(person) for person in office.pending()} - {""}
        async with office.session() as session:
            ((now,),) = office.sql("SELECT now()")
            wave = {"id": office.register.round_id, "round_id": office.round_id, "kind": "manual", "planned_at": now}
            await queries.add_waves(session, [wave | {"due_at": now, "state": "planned", "created_at": now}])
        worker = start_worker(fresh_database, tmp_path, sink[1])
        try:
            sink[0].wait_for(80)
        finally:
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
        assert len(sink[0].messages) < len(expected), "the wave was over before the kill"
        worker = start_worker(fresh_database, tmp_path, sink[1])
        try:
            deadline = time.monotonic() + 60
            while office.sql("SELECT state FROM reminder_wave") != [("done",)]:
                assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()[-3000:]
                time.sleep(0.2)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
    with psycopg.connect(fresh_database) as connection:
        rows = connection.execute("SELECT state, address FROM reminder_delivery WHERE cause <> 'no_channel'").fetchall()
    listed = {address for _, address in rows}
    unknown = {address for state, address in rows if state == "unknown"}
    got = sink[0].by_address
    assert expected <= listed, "somebody is not accounted for"
    assert {state for state, _ in rows} <= {"sent", "unknown"}
    assert max(got.values()) == 1, "somebody got it twice"
    assert len(unknown) <= CONNECTIONS
    assert listed - set(got) <= unknown, "somebody was missed and it does not show"
