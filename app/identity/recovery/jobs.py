"""Jobs of recovered accounts."""

from uuid import UUID

from app.core import jobs
from app.core.db import Database
from app.core.mail import Mailer
from app.core.resources import Resources
from app.core.settings import Settings
from app.identity.recovery import service


@jobs.task(service.TELL_JOB)
async def tell_recovery(resources: Resources, employee_id: str) -> None:
    """Tell a person that their account was recovered."""
    async with resources.get(Database).transaction() as session:
        await service.tell(
            session,
            resources.get(Mailer),  # type: ignore[type-abstract]
            UUID(employee_id),
            base_url=resources.get(Settings).service.base_url,
        )
