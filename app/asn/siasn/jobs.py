"""The nightly refresh from SIASN."""

import httpx
import structlog

from app.asn.siasn import service
from app.asn.siasn.errors import SiasnRefused, SiasnUnavailable
from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database
from app.core.resources import Resources
from app.core.settings import Settings

log = structlog.get_logger()


@jobs.task("siasn.refresh", cron="7 18 * * * 0")  # at night in Indonesia, in UTC
async def refresh(resources: Resources) -> None:
    """Stage who changed, when the adapter is set up; what goes wrong is in the service's log and tried again the next night."""
    settings = resources.get(Settings)
    if not settings.siasn.base_url:
        return
    now = resources.get(Clock).now()  # type: ignore[type-abstract]
    try:
        async with httpx.AsyncClient() as http, resources.get(Database).transaction() as session:
            staged = await service.refresh(session, settings, http, now=now)
    except (SiasnRefused, SiasnUnavailable) as error:
        log.warning("siasn.not_refreshed", code=error.code, **error.params)
        return
    log.info("siasn.refreshed", staged=str(staged.id) if staged else None)
