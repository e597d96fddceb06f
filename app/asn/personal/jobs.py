"""The job that deletes personal data whose time is over."""

import structlog

from app.asn.personal import service
from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database
from app.core.resources import Resources
from app.core.settings import Settings

log = structlog.get_logger()


@jobs.task("personal.retention", cron="23 19 * * * 0")  # at night in Indonesia, in UTC
async def delete_expired(resources: Resources) -> None:
    """Delete what the settings say is kept no longer, every night; how much of what goes into the service's log."""
    now = resources.get(Clock).now()  # type: ignore[type-abstract]
    async with resources.get(Database).transaction() as session:
        done = await service.delete_expired(session, resources.get(Settings).retention, now=now)
    log.info("personal.retention", **done)
