"""What delivering needs of a process."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from app.core.clock import Clock
from app.core.db import Database
from app.core.resources import Resources
from app.core.secrets import master_key
from app.core.settings import Settings
from app.core.webhook_settings import WebhookSettings
from app.webhook import sealing
from app.webhook.addresses import Resolve, system_resolve


@dataclass(frozen=True)
class Means:
    """The process's database, clock and settings, the key of secrets, how names are looked up, and chance (in [0, 1))."""

    database: Database
    clock: Clock
    settings: WebhookSettings
    key: bytes
    resolve: Resolve = system_resolve
    chance: Callable[[], float] = secrets.SystemRandom().random


def means_of(held: Resources) -> Means:
    """Return them from the process's resources."""
    settings = held.get(Settings)
    return Means(
        database=held.get(Database),
        clock=held.get(Clock),  # type: ignore[type-abstract]
        settings=settings.webhook,
        key=sealing.derive(master_key(settings.storage)),
    )
