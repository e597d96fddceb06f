"""Jobs of documents."""

from uuid import UUID

import structlog

from app.core import jobs, telemetry
from app.core.clock import Clock
from app.core.db import Database
from app.core.mail import Mailer
from app.core.resources import Resources
from app.core.settings import Settings
from app.document import queries, stamp_faults, voiding
from app.document.sealing import Sealer, seal_waiting
from app.pki.errors import TimestampUnavailable

log = structlog.get_logger()


@jobs.task("document.seal", cron="* * * * * */2")
async def seal(resources: Resources) -> None:
    """Seal what waits, batch after batch, until nothing does."""
    sealer = resources.get(Sealer)
    clock = resources.get(Clock)  # type: ignore[type-abstract]
    database = resources.get(Database)
    sealed = 1
    while sealed:
        try:
            async with database.transaction() as session:
                sealed = await seal_waiting(session, sealer, now=clock.now())
        except TimestampUnavailable as fault:
            log.warning("seal.waiting", reason=str(fault))  # nothing was stored; the next run asks again
            break
    async with database.transaction() as session:
        await stamp_faults.note(session, sealer.authority.others, now=clock.now())
        telemetry.UNSEALED.set(await queries.count_waiting_for_seal(session))


@jobs.task(voiding.TELL_JOB)
async def tell_void(resources: Resources, document_id: str) -> None:
    """Tell a person that a document of theirs was voided."""
    async with resources.get(Database).transaction() as session:
        await voiding.tell(
            session,
            resources.get(Mailer),  # type: ignore[type-abstract]
            UUID(document_id),
            base_url=resources.get(Settings).service.base_url,
        )
