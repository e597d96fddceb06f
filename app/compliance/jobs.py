"""Jobs of the figures."""

import structlog

from app.compliance import counting
from app.compliance.documents import service as documents
from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database
from app.core.resources import Resources

log = structlog.get_logger()


@jobs.task("compliance.fold", cron="* * * * * *")
async def fold(resources: Resources) -> None:
    """Every second: fold what waits, one transaction a round, so that readers never have much to add."""
    clock = resources.get(Clock)  # type: ignore[type-abstract]
    database = resources.get(Database)
    async with database.transaction() as session:
        waiting = await counting.due(session)
    for round_id in waiting:
        async with database.transaction() as session:
            await counting.fold(session, round_id, now=clock.now())
    async with database.transaction() as session:
        await documents.fold(session)


@jobs.task("compliance.verify", cron="17 19 * * *")  # at night in Indonesia, in UTC
async def verify(resources: Resources) -> None:
    """Compare the figures with a recount, and warn of what differs; `pakta doctor --repair` counts it anew."""
    async with resources.get(Database).transaction() as session:
        for found in await counting.verify(session):
            if not found.right:
                log.warning(
                    "compliance.wrong", round=str(found.round_id), wrong=found.wrong, at_odds=found.people_at_odds
                )
        if wrong := (await documents.verify(session))[1]:
            log.warning("compliance.documents_wrong", agencies=wrong)
