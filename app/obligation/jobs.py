"""Jobs of obligations."""

from datetime import date, datetime
from uuid import UUID

from app.core import jobs
from app.core.blobs import BlobStore
from app.core.clock import Clock, local_day
from app.core.db import Database
from app.core.resources import Resources
from app.core.settings import Settings
from app.obligation import service
from app.obligation.exemption import ending
from app.obligation.following import service as following
from app.pdf.inputs import TrustMaterial
from app.pki.keyring import KeyRing
from app.transparency.record import LogIdentity


@jobs.task(service.ASSIGN_JOB)
async def assign(resources: Resources, round_id: str) -> None:
    """Open a round: freeze its texts and its denominator."""
    now = resources.get(Clock).now()  # type: ignore[type-abstract]
    trust = resources.get(KeyRing).authority.trust_material(now)
    async with resources.get(Database).transaction() as session:
        await service.assign(
            session,
            UUID(round_id),
            settings=resources.get(Settings).service,
            trust=TrustMaterial(trust.certificates, trust.crls),
            blobs=resources.get(BlobStore),  # type: ignore[type-abstract]
            log=resources.get(LogIdentity),
            now=now,
        )


@jobs.task("round.follow", cron="* * * * * */2")
async def follow(resources: Resources) -> None:
    """Tell open rounds of people whose record changed: a batch a transaction, until nobody waits."""
    database, log = resources.get(Database), resources.get(LogIdentity)
    now, today = _moment(resources)
    async with database.transaction() as session:
        waiting = await following.is_waiting(session)
    while waiting:
        async with database.transaction() as session:
            waiting = bool(await following.follow(session, log, today=today, now=now))


@jobs.task("exemption.expire", cron="13 * * * * 0")
async def expire(resources: Resources) -> None:
    """Every hour: deferrals whose last day is over are owed again, one transaction each."""
    database, log = resources.get(Database), resources.get(LogIdentity)
    now, today = _moment(resources)
    async with database.transaction() as session:
        over = await ending.list_expired(session, today, 10_000)
    for exemption_id in over:
        async with database.transaction() as session:
            await ending.expire(session, log, exemption_id, today=today, now=now)


def _moment(resources: Resources) -> tuple[datetime, date]:
    """Return the time, and the day it is at the institution."""
    now = resources.get(Clock).now()  # type: ignore[type-abstract]
    return now, local_day(now, resources.get(Settings).service.timezone)
