"""The job that finds calls whose caller is gone: a process that died while it waited for an answer."""

from datetime import timedelta

import structlog

from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database
from app.core.resources import Resources
from app.core.settings import Settings
from app.signing.covering import give_up, list_items
from app.signing.remote import keeping, queries
from app.signing.states import State

log = structlog.get_logger()

GRACE = timedelta(minutes=1)
MOST = 200


@jobs.task("remote.find_lost", cron="* * * * * 30")
async def find_lost(resources: Resources) -> None:
    """Set calls that nobody waits for any longer to `unknown`, and give up acts that were begun and never sent. Idempotent."""
    settings, now = resources.get(Settings), resources.get(Clock).now()  # type: ignore[type-abstract]
    longest = timedelta(seconds=2 * max(settings.bsre.seconds, settings.csc.seconds)) + GRACE
    async with resources.get(Database).transaction() as session:
        lost = await queries.take_lost(session, now - longest, MOST)
        for call in lost:
            call.state, call.reason, call.ended_at = "unknown", "process_ended", now
        await session.flush()
        for act in {call.session_id for call in lost}:
            await keeping.settle(session, act)
        for signing in await queries.take_idle(session, now, MOST):
            signing.state = State.ABANDONED
            await give_up(session, signing, await list_items(session, signing))
    if lost:
        log.warning("remote.outcome_unknown", calls=len(lost))
