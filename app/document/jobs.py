"""Jobs of documents."""

from app.core import jobs, telemetry
from app.core.clock import Clock
from app.core.db import Database
from app.core.resources import Resources
from app.document import queries
from app.document.sealing import Sealer, seal_waiting


@jobs.task("document.seal", cron="* * * * * */2")
async def seal(resources: Resources) -> None:
    """Seal what waits, batch after batch, until nothing does."""
    sealer = resources.get(Sealer)
    clock = resources.get(Clock)  # type: ignore[type-abstract]
    database = resources.get(Database)
    sealed = 1
    while sealed:
        async with database.transaction() as session:
            sealed = await seal_waiting(session, sealer, now=clock.now())
    async with database.transaction() as session:
        telemetry.UNSEALED.set(await queries.count_waiting_for_seal(session))
