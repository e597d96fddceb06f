"""Jobs: rows inserted in the caller's own transaction, run at least once by a worker; so every job is idempotent.

A noun declares `@jobs.task("round.assign")` on a coroutine that takes the process's `Resources` first and plain JSON values
after; a service calls `await defer(session, "round.assign", …)`. Nothing is sent from memory: a transaction that rolls back takes its jobs with it.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import procrastinate
import structlog
from procrastinate import JobContext
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.tasks import Task

from app.core.db import Session, as_service, raw_connection
from app.core.errors import AppError, Kind
from app.core.resources import Resources

Body = Callable[..., Awaitable[None]]
log = structlog.get_logger()
STALLED_SECONDS = 60  # a worker beats every 10 s


class _RetryUnavailable(procrastinate.BaseRetryStrategy):
    """Only what may heal by waiting is tried again: 2, 4, 8 … seconds, ten times. A refusal stays a refusal."""

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        healing = not isinstance(exception, AppError) or exception.kind is Kind.UNAVAILABLE
        if not healing or job.attempts >= 10:
            return None
        return procrastinate.RetryDecision(retry_in={"seconds": 2 ** min(job.attempts + 1, 8)})


@dataclass(frozen=True)
class JobKind:
    """A declared job: its stable name, its body, and when it runs by itself (cron with the seconds as sixth field)."""

    name: str
    body: Body
    cron: str | None = None


_KINDS: dict[str, JobKind] = {}


def task(name: str, *, cron: str | None = None) -> Callable[[Body], JobKind]:
    """Declare a job under a stable name."""

    def declare(body: Body) -> JobKind:
        if name in _KINDS:
            raise ValueError(f"two jobs are called {name}")
        kind = _KINDS[name] = JobKind(name, body, cron)
        return kind

    return declare


def build_app(url: str, resources: Resources) -> procrastinate.App:
    """Return the job queue of this process, knowing every job declared so far."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, kwargs={"options": as_service()}))
    for kind in _KINDS.values():
        _register(app, kind, resources)
    return app


def _register(app: procrastinate.App, kind: JobKind, resources: Resources) -> None:
    if kind.cron:

        async def run_at(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - the queue passes the tick
            await kind.body(resources)

        periodic: Any = app.task(name=kind.name, pass_context=True, queueing_lock=kind.name)(run_at)
        app.periodic(cron=kind.cron)(periodic)
    else:

        async def run(context: JobContext, /, **arguments: Any) -> None:  # noqa: ARG001
            await kind.body(resources, **arguments)

        app.task(name=kind.name, pass_context=True, retry=_RetryUnavailable())(run)


async def defer(session: Session, name: str, **arguments: Any) -> None:
    """Insert a job in the session's own transaction."""
    queue: procrastinate.App = session.info["queue"]
    declared: Task[Any, Any, Any] = queue.tasks[name]
    await declared.configure(connection=await raw_connection(session)).defer_async(**arguments)


async def defer_once(session: Session, name: str, once: str, /, **arguments: Any) -> None:
    """Insert a job in the session's own transaction unless one known by `once` waits already; one that runs does not count."""
    queue: procrastinate.App = session.info["queue"]
    declared: Task[Any, Any, Any] = queue.tasks[name]
    connection = await raw_connection(session)
    with suppress(AlreadyEnqueued):
        async with session.begin_nested():
            await declared.configure(connection=connection, queueing_lock=f"{name} {once}").defer_async(**arguments)


@task("jobs.rescue", cron="* * * * * */30")
async def rescue(resources: Resources) -> None:
    """Give the jobs of a killed worker back: without this they stay `doing` for ever."""
    queue = resources.get(procrastinate.App).job_manager
    for job in await queue.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        try:
            if job.queueing_lock:  # periodic: its next run waits already, and only one may wait
                await queue.finish_job(job, Status.FAILED, delete_job=True)
            else:
                await queue.retry_job(job)
        except ConnectorException as error:  # it came to an end just now; the others are still to be given back
            log.warning("job.not_rescued", job=job.id, reason=str(error))
