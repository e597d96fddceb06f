"""Jobs of the log."""

from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database
from app.core.resources import Resources
from app.transparency import service
from app.transparency.record import LogIdentity


@jobs.task("log.publish", cron="* * * * * */2")
async def publish(resources: Resources) -> None:
    """Sequence what waits and sign a checkpoint, every two seconds."""
    now = resources.get(Clock).now()  # type: ignore[type-abstract]
    async with resources.get(Database).transaction() as session:
        await service.publish(session, resources.get(LogIdentity), now=now)
