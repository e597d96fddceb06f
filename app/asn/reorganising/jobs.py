"""The job that makes planned changes of units on their day."""

from app.asn.reorganising import service
from app.core import jobs
from app.core.clock import Clock, local_day
from app.core.db import Database
from app.core.resources import Resources
from app.core.settings import Settings
from app.transparency.record import LogIdentity


@jobs.task("units.carry_out_due", cron="4 * * * * 30")
async def carry_out_due(resources: Resources) -> None:
    """Every hour: a transaction a change, so that one that is refused holds no other up; idempotent."""
    now, log = resources.get(Clock).now(), resources.get(LogIdentity)  # type: ignore[type-abstract]
    today = local_day(now, resources.get(Settings).service.timezone)
    while True:
        async with resources.get(Database).transaction() as session:
            if not await service.carry_out_due(session, log, now=now, today=today):
                return
