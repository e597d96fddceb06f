"""Jobs of rosters."""

import asyncio
from uuid import UUID

from app.asn.errors import FileRefused
from app.asn.nik import jobs as _nik  # noqa: F401 - its jobs are declared with the roster's
from app.asn.personal import jobs as _personal  # noqa: F401 - its jobs are declared with the roster's
from app.asn.reorganising import jobs as _reorganising  # noqa: F401 - the same
from app.asn.revising import jobs as _revising  # noqa: F401 - the same
from app.asn.search import indexing as _indexing  # noqa: F401 - its jobs are declared with the roster's
from app.asn.siasn import jobs as _siasn  # noqa: F401 - the same
from app.asn.siasn.service import BY_ITSELF
from app.asn.staging import corrections, service
from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database
from app.core.resources import Resources
from app.core.settings import Settings


@jobs.task(service.READ_JOB)
async def read(resources: Resources, import_id: str) -> None:
    """Read an upload that was taken in; what is no roster is written down as refused."""
    database, settings = resources.get(Database), resources.get(Settings)
    try:
        async with database.transaction() as session:
            await service.read_kept(session, UUID(import_id), settings)
    except FileRefused as refused:
        async with database.transaction() as session:
            await service.refuse(session, UUID(import_id), refused, settings)


@jobs.task(corrections.JOB)
async def write_corrections(resources: Resources, import_id: str, language: str) -> None:
    """Make a correction workbook too large to be waited for."""
    async with resources.get(Database).transaction() as session:
        await corrections.make(session, BY_ITSELF, UUID(import_id), resources.get(Settings), language=language)


@jobs.task("roster.sweep", cron="17 2 * * * 0")
async def sweep(resources: Resources) -> None:
    """Delete uploads whose time is over, every night."""
    now = resources.get(Clock).now()  # type: ignore[type-abstract]
    await asyncio.to_thread(service.upload_folder(resources.get(Settings)).sweep, now)
