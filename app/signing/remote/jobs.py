"""Jobs of signing elsewhere: finding calls whose caller is gone, and telling people that their scan was refused."""

from datetime import timedelta
from uuid import UUID

import structlog

from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database
from app.core.mail import Mailer
from app.core.resources import Resources
from app.core.settings import Settings
from app.document.compiled import TemplateShelf
from app.signing.covering import give_up, list_items
from app.signing.remote import keeping, queries, scans, telling
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


@jobs.task(scans.TELL_JOB)
async def tell_refused(resources: Resources, scan_id: str) -> None:
    """Tell a person that the scan of their pledge was refused."""
    async with resources.get(Database).transaction() as session:
        await telling.tell_refused(
            session,
            resources.get(TemplateShelf),
            resources.get(Mailer),  # type: ignore[type-abstract]
            UUID(scan_id),
            base_url=resources.get(Settings).service.base_url,
        )
