"""Jobs of recovered, opened and contested accounts."""

from uuid import UUID

from app.core import jobs
from app.core.clock import Clock
from app.core.db import Database
from app.core.mail import Mailer
from app.core.resources import Resources
from app.core.settings import Settings
from app.identity.origin.service import link_of
from app.identity.recovery import queries, service
from app.identity.slips.code import SlipPress


@jobs.task(service.TELL_JOB)
async def tell_recovery(resources: Resources, employee_id: str, activation_id: str = "") -> None:
    """Tell a person that their account was opened or recovered."""
    async with resources.get(Database).transaction() as session:
        # one that was deferred by an earlier release has none
        activation = UUID(activation_id) if activation_id else None
        recovered = activation is None or await queries.is_recovery(session, activation)
        settings = resources.get(Settings)
        if activation is not None and (settings.whatsapp.url or settings.sms.url):
            told = {"employee_id": employee_id, "activation_id": activation_id, "recovered": recovered}
            await jobs.defer(session, service.PHONE_JOB, **told)
        await service.tell(
            session,
            resources.get(Mailer),  # type: ignore[type-abstract]
            UUID(employee_id),
            recovered=recovered,
            base_url=settings.service.base_url,
            not_me=link_of(resources.get(SlipPress).secret, activation) if activation else "",
        )


@jobs.task(service.END_JOB)
async def end_contested(resources: Resources, employee_id: str) -> None:
    """End the sessions of a person whose account is contested, and let no browser be known to them."""
    now = resources.get(Clock).now()  # type: ignore[type-abstract]
    async with resources.get(Database).transaction() as session:
        await queries.end_sessions(session, UUID(employee_id), now)
