"""Jobs of webhooks."""

from app.core import jobs
from app.core.resources import Resources
from app.webhook import service
from app.webhook.delivering import Pump
from app.webhook.means import means_of


@jobs.task("webhook.tick", cron="* * * * * */2")
async def tick(resources: Resources) -> None:
    """Every two seconds: see that somebody delivers what is due. The job itself waits for no endpoint."""
    resources.get(Pump).wake()


@jobs.task("webhook.forget", cron="29 19 * * *")  # at night in Indonesia, in UTC
async def forget(resources: Resources) -> None:
    """Delete messages that were kept long enough, a transaction a batch."""
    await service.forget(means_of(resources))
