"""Jobs of reminders."""

from uuid import UUID

from app.core import jobs
from app.core.resources import Resources
from app.identity.recovery.service import PHONE_JOB
from app.identity.slips.code import SlipPress
from app.reminder import notices, running
from app.reminder.listing import service as listing
from app.reminder.means import means_of
from app.reminder.service import RUN_JOB


@jobs.task("reminder.tick", cron="* * * * * */10")
async def tick(resources: Resources) -> None:
    """Every ten seconds: what is due is sent; a wave that a dead process began goes on."""
    await running.run(means_of(resources))


@jobs.task(RUN_JOB)
async def run(resources: Resources) -> None:
    """Somebody asked for a wave: begin at once."""
    await running.run(means_of(resources))


@jobs.task(PHONE_JOB)
async def tell_by_phone(resources: Resources, employee_id: str, activation_id: str, recovered: bool) -> None:
    """Tell a person by phone that their account was opened or recovered."""
    secret = resources.get(SlipPress).secret
    await notices.tell(means_of(resources), secret, UUID(employee_id), UUID(activation_id), recovered=recovered)


@jobs.task("reminder.forget", cron="41 19 * * *")  # at night in Indonesia, in UTC
async def forget(resources: Resources) -> None:
    """Forget the addresses of messages that were settled long ago; that they were sent stays."""
    means = means_of(resources)
    async with means.database.transaction() as session:
        await listing.forget_addresses(session, now=means.clock.now())
