"""The job runner: wiring only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import procrastinate

from app.core.resources import Resources
from app.core.settings import Settings
from app.wiring import running

CONCURRENCY = 2


async def run(settings: Settings) -> None:
    """Run jobs until told to stop."""
    async with running(settings) as held:
        await _run_worker(held, own_signals=True)


@asynccontextmanager
async def beside(held: Resources) -> AsyncIterator[None]:
    """Run jobs in the background of another program's event loop."""
    task = asyncio.create_task(_run_worker(held, own_signals=False))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _run_worker(held: Resources, *, own_signals: bool) -> None:
    await held.get(procrastinate.App).run_worker_async(
        concurrency=CONCURRENCY,
        install_signal_handlers=own_signals,
        delete_jobs="successful",
        fetch_job_polling_interval=1.0,
        shutdown_graceful_timeout=10,
    )
