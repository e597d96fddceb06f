"""kill -9 in the middle of a wave, by a real worker over a real mail server, and a database that dies at the commit: nobody twice, nobody missed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from app.core import jobs
from app.core.faults import VARIABLE, ReminderStep
from app.pki.keyring import KeyRing
from app.reminder import queries, running
from app.reminder.service import RUN_JOB
from tests.reminder.conftest import Office, open_office
from tests.reminder.sink import Sink

PEOPLE, CONNECTIONS, PATIENCE = 150, 4, 60.0


async def start_worker(office: Office, folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start one that has something to do at once, and not by the next tick."""
    async with office.session() as session:
        await jobs.defer(session, RUN_JOB)
    environment = os.environ | {
        "PAKTA_DATABASE_URL": office.url,
        "PAKTA_DATA_DIR": str(folder / "data"),
        "PAKTA_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "PAKTA_SMTP_SENDER": "pakta@kota.example",
        "PAKTA_REMINDER_CONNECTIONS": str(CONNECTIONS),
        "PAKTA_REMINDER_AUTOMATIC": "false",
        "PAKTA_REMINDER_QUIET_FROM": "00:00",
        "PAKTA_REMINDER_QUIET_UNTIL": "00:00",
        VARIABLE: str(folder / "faults"),
    }
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "app", "worker"], env=environment, stdout=log, stderr=log)


async def plan_now(office: Office) -> None:
    """A wave that real workers, who have the real time, find due."""
    office.sql("UPDATE round SET opens_at = now() - interval '1 day', closes_at = now() + interval '9 days'")
    async with office.session() as session:
        ((now,),) = office.sql("SELECT now()")
        wave = {"id": office.register.round_id, "round_id": office.round_id, "kind": "manual", "planned_at": now}
        await queries.add_waves(session, [wave | {"due_at": now, "state": "planned", "created_at": now}])


async def test_a_killed_wave_goes_on_and_nobody_gets_it_twice_or_is_missed(
    fresh_database: str, tmp_path: Path, keys: KeyRing, sink: tuple[Sink, int]
) -> None:
    """Killed before the mark is committed, between mark and dots, and after the dots: only the last leaves a doubt, and all of them have it."""
    faults = tmp_path / "faults"
    faults.mkdir()
    async with open_office(fresh_database, tmp_path, keys, sink, people=PEOPLE) as office:
        expected = {office.address(person) for person in office.pending()} - {""}
        await plan_now(office)
        for step in ReminderStep:
            seen: list[str] = []

            def arm(address: str, step: ReminderStep = step, seen: list[str] = seen) -> None:
                seen.append(address)
                if len(seen) == 30:
                    (faults / step).touch()

            sink[0].hook = arm
            worker = await start_worker(office, tmp_path, sink[1])
            assert worker.wait(PATIENCE) == -signal.SIGKILL, step
            assert "unknown" not in office.states(), step
        sink[0].hook = lambda _: None
        assert len(sink[0].messages) < len(expected), "the wave was over before the last kill"
        worker = await start_worker(office, tmp_path, sink[1])
        try:
            deadline = time.monotonic() + PATIENCE
            while office.sql("SELECT state FROM reminder_wave") != [("done",)]:
                assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()[-3000:]
                await asyncio.sleep(0.2)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
        rows = office.sql("SELECT state, address FROM reminder_delivery WHERE cause <> 'no_channel'")
    unknown = {address for state, address in rows if state == "unknown"}
    got = sink[0].by_address
    assert {state for state, _ in rows} <= {"sent", "unknown"}
    assert max(got.values()) == 1, "somebody got it twice"
    assert len(unknown) <= CONNECTIONS
    assert expected - set(got) == set(), "somebody was missed"


async def test_a_mark_that_nobody_can_judge_is_in_doubt_and_shows(office: Office) -> None:
    """The journal lies on another machine, or the power was cut: what is marked may have been given away."""
    wave_id = await office.ask()
    await running.run(office.means)
    ((delivery, address),) = office.sql(
        "UPDATE reminder_delivery SET state = 'sending' WHERE id = (SELECT id FROM reminder_delivery WHERE state = 'sent' LIMIT 1)"
        " RETURNING id, address"
    )
    office.sql("UPDATE reminder_wave SET state = 'running' WHERE id = %s", wave_id)
    await running.run(office.means)
    assert office.sql("SELECT id, cause FROM reminder_delivery WHERE state = 'unknown'") == [(delivery, "interrupted")]
    assert office.sink.by_address[address] == 1


@pytest.mark.parametrize("then", ["PERFORM pg_sleep(9)", "NULL"], ids=["before it", "about it"])
async def test_a_database_that_dies_at_the_commit_gives_nothing_away(office: Office, then: str) -> None:
    """Nobody can say whether the mark is committed: no dot is written, and the next run sends what the mark stands on."""
    office.sql("CREATE SEQUENCE deaths")
    office.sql(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN IF nextval('public.deaths') = 5 THEN"
        f" PERFORM pg_terminate_backend(pg_backend_pid()); {then}; END IF; RETURN NULL; END $$"
    )
    office.sql(
        "CREATE CONSTRAINT TRIGGER dies AFTER UPDATE ON reminder_delivery DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.state = 'sending') EXECUTE FUNCTION die()"
    )
    await office.ask()
    with pytest.raises(ExceptionGroup) as died:
        await running.run(office.means)
    assert died.group_contains(DBAPIError)
    assert len(office.sink.messages) < len(office.reachable())
    assert office.states()["waiting"] > 0
    await running.run(office.means)
    assert dict(office.sink.by_address) == dict.fromkeys(office.reachable().values(), 1)
    assert office.states().keys() <= {"sent", "skipped"}
