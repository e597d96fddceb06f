"""The job runner: wiring only."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException

from app.core.resources import Resources
from app.core.settings import Settings
from app.wiring import running

CONCURRENCY = 2
PAUSE_SECONDS = 1.0  # before a worker that lost the database begins again

log = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Run jobs until told to stop (SIGINT, SIGTERM)."""
    told = asyncio.Event()
    async with running(settings) as held, beside(held):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        await told.wait()


async def run_due(held: Resources) -> None:
    """Run every job that is due now, then return; for a command that has deferred one and wants its effect."""
    await held.get(procrastinate.App).run_worker_async(
        wait=False, install_signal_handlers=False, listen_notify=False, delete_jobs="successful"
    )


@asynccontextmanager
async def beside(held: Resources) -> AsyncIterator[None]:
    """Run jobs in the background of another program's event loop."""
    ending = asyncio.Event()
    task = asyncio.create_task(_keep_working(held, ending))
    try:
        yield
    finally:
        ending.set()  # a worker that cannot say goodbye to its database raises that instead of its cancellation
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_working(held: Resources, ending: asyncio.Event) -> None:
    """A worker whose connection breaks stops and says nothing: without a new one no document would be sealed again."""
    while not ending.is_set():
        try:
            await held.get(procrastinate.App).run_worker_async(
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                delete_jobs="successful",
                fetch_job_polling_interval=1.0,
                shutdown_graceful_timeout=10,
            )
            log.warning("worker.ended")
        except (ConnectorException, OSError) as error:
            log.warning("worker.ended", reason=str(error.__cause__ or error).strip())
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), PAUSE_SECONDS)
