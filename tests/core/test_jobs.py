"""Jobs live and die with the transaction that wanted them, and survive the worker that ran them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import procrastinate
import psycopg
import pytest
from croniter import croniter
from pydantic import SecretStr

from app.core import jobs
from app.core.db import Database
from app.core.errors import AppError, Kind
from app.core.resources import Resources
from app.core.settings import DatabaseSettings
from app.wiring import build  # noqa: F401 - declares every job
from app.worker import beside

LONG_AGO = "now() - interval '10 minutes'"


class Refused(AppError):
    kind = Kind.CONFLICT
    code = "test.job_refused"


class NotNow(AppError):
    kind = Kind.UNAVAILABLE
    code = "test.job_not_now"


class Seen:
    """What the test's jobs were given, and how often each fails before it does not."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.fail: dict[str, tuple[type[Exception], int]] = {}
        self.news = asyncio.Event()


@jobs.task("test.note")
async def note(resources: Resources, *, what: str) -> None:
    seen = resources.get(Seen)
    seen.ran.append(what)
    seen.news.set()
    error, times = seen.fail.get(what, (Refused, 0))
    if seen.ran.count(what) <= times:
        raise error


@jobs.task("test.hang")
async def hang(resources: Resources) -> None:
    print("hanging", flush=True)
    await asyncio.Event().wait()


@pytest.fixture
async def held(fresh_database: str) -> AsyncIterator[Resources]:
    database = Database(fresh_database, DatabaseSettings(url=SecretStr(fresh_database), pool_size=2))
    resources = Resources()
    queue = jobs.build_app(fresh_database, resources)
    database.queue = queue
    resources.add(Database, database)
    resources.add(procrastinate.App, queue)
    resources.add(Seen, Seen())
    async with queue.open_async():
        yield resources
    await database.close()


async def work(held: Resources) -> list[str]:
    """Run what is due, once; return what ran so far."""
    await held.get(procrastinate.App).run_worker_async(
        wait=False, install_signal_handlers=False, listen_notify=False, delete_jobs="successful"
    )
    return held.get(Seen).ran


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def state(url: str, name: str = "test.note") -> list[tuple[Any, ...]]:
    return rows(url, f"SELECT status::text, attempts FROM procrastinate_jobs WHERE task_name = '{name}' ORDER BY id")


async def test_a_job_of_a_transaction_that_rolls_back_never_runs(held: Resources, fresh_database: str) -> None:
    database = held.get(Database)
    async with database.transaction() as session:
        await jobs.defer(session, "test.note", what="kept")
    with pytest.raises(Refused):
        async with database.transaction() as session:
            await jobs.defer(session, "test.note", what="dropped")
            raise Refused
    assert await work(held) == ["kept"]
    assert state(fresh_database) == []


async def test_a_job_is_invisible_until_its_transaction_commits(held: Resources) -> None:
    async with held.get(Database).transaction() as session:
        await jobs.defer(session, "test.note", what="later")
        assert await work(held) == []
    assert await work(held) == ["later"]


@pytest.mark.parametrize("error", [NotNow, OSError])
async def test_what_may_heal_by_waiting_is_tried_again(
    held: Resources, fresh_database: str, error: type[Exception]
) -> None:
    held.get(Seen).fail["once"] = (error, 1)
    async with held.get(Database).transaction() as session:
        await jobs.defer(session, "test.note", what="once")
    assert await work(held) == ["once"]
    assert state(fresh_database) == [("todo", 1)]
    assert await work(held) == ["once"]  # not before its pause is over
    rows(fresh_database, f"UPDATE procrastinate_jobs SET scheduled_at = {LONG_AGO}")
    assert await work(held) == ["once", "once"]
    assert state(fresh_database) == []


async def test_a_refusal_is_not_tried_again(held: Resources, fresh_database: str) -> None:
    held.get(Seen).fail["no"] = (Refused, 99)
    async with held.get(Database).transaction() as session:
        await jobs.defer(session, "test.note", what="no")
    assert await work(held) == ["no"]
    assert state(fresh_database) == [("failed", 1)]


async def test_what_never_heals_ends_after_ten_tries(held: Resources, fresh_database: str) -> None:
    held.get(Seen).fail["never"] = (NotNow, 99)
    async with held.get(Database).transaction() as session:
        await jobs.defer(session, "test.note", what="never")
    for _ in range(15):
        await work(held)
        rows(fresh_database, f"UPDATE procrastinate_jobs SET scheduled_at = {LONG_AGO}")
    assert held.get(Seen).ran == ["never"] * 11
    assert state(fresh_database) == [("failed", 11)]


async def test_the_job_of_a_killed_worker_is_given_back(held: Resources, fresh_database: str) -> None:
    async with held.get(Database).transaction() as session:
        await jobs.defer(session, "test.hang")
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, fresh_database], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "hanging\n"
        os.kill(worker.pid, signal.SIGKILL)
    assert state(fresh_database, "test.hang") == [("doing", 0)]
    await jobs.rescue.body(held)
    assert state(fresh_database, "test.hang") == [("doing", 0)]  # its last beat is not old enough to be sure
    rows(fresh_database, f"UPDATE procrastinate_workers SET last_heartbeat = {LONG_AGO}")
    await jobs.rescue.body(held)
    assert state(fresh_database, "test.hang") == [("todo", 1)]


WORKER = """
import asyncio, sys
from app.core import jobs
from app.core.resources import Resources
from tests.core import test_jobs

async def main():
    queue = jobs.build_app(sys.argv[1], Resources())
    async with queue.open_async():
        await queue.run_worker_async()

asyncio.run(main())
"""


async def test_a_stalled_periodic_job_does_not_stop_the_rescue_of_others(held: Resources, fresh_database: str) -> None:
    """Its next run waits under the same queueing lock: given back, the two would collide and the rescue would end there."""
    rows(
        fresh_database,
        """
        INSERT INTO procrastinate_jobs (queue_name, task_name, status, queueing_lock, args) VALUES
          ('default', 'jobs.rescue', 'doing', 'jobs.rescue', '{"timestamp": 1}'),
          ('default', 'jobs.rescue', 'todo', 'jobs.rescue', '{"timestamp": 2}'),
          ('default', 'test.note', 'doing', NULL, '{"what": "orphan"}')
        """,
    )
    await jobs.rescue.body(held)
    assert state(fresh_database, "jobs.rescue") == [("todo", 0)]
    assert state(fresh_database) == [("todo", 1)]


async def test_a_worker_goes_on_after_the_database_dropped_it(held: Resources, fresh_database: str) -> None:
    seen, database = held.get(Seen), held.get(Database)
    async with beside(held):
        for what in ("before", "after"):
            async with database.transaction() as session:
                await jobs.defer(session, "test.note", what=what)
            await asyncio.wait_for(seen.news.wait(), 30)
            seen.news.clear()
            rows(
                fresh_database,
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
    assert seen.ran[0] == "before"
    assert seen.ran[-1] == "after"


def test_two_jobs_may_not_share_a_name() -> None:
    with pytest.raises(ValueError, match=r"test\.note"):
        jobs.task("test.note")(note.body)


def test_periodic_jobs_run_as_often_as_they_say_in_every_minute() -> None:
    """The sixth field of a cron line is the seconds; written first, a job would rest every other minute."""
    begin = datetime(2026, 11, 23, 5, 1, tzinfo=UTC).timestamp()
    often = {"document.seal": 2, "log.publish": 2, "jobs.rescue": 30, "compliance.fold": 1}
    kinds = {kind.name: kind.cron for kind in jobs._KINDS.values() if kind.cron}
    for name, seconds in often.items():
        ticks = croniter(kinds[name], begin)
        assert [ticks.get_next() - begin for _ in range(3)] == [seconds, 2 * seconds, 3 * seconds], name
