"""The job that seals NIKs anew after the master key was changed."""

import structlog

from app.asn.nik import service
from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database
from app.core.resources import Resources
from app.core.settings import Settings

log = structlog.get_logger()


@jobs.task("nik.rotate", cron="53 18 * * * 0")  # at night in Indonesia, in UTC
async def rotate(resources: Resources) -> None:
    """Seal with the key of now whatever the key before sealed, a transaction a batch; idempotent."""
    settings, now = resources.get(Settings), resources.get(Clock).now()  # type: ignore[type-abstract]
    while True:
        async with resources.get(Database).transaction() as session:
            done, lost = await service.rotate(session, settings, now=now)
        if lost:
            log.warning("nik.not_rotated", values=lost)
        if not done:
            return
