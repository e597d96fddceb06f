"""What planning and sending need of a process."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.compliance.recap.printed import RecapPrinter
from app.core.clock import Clock
from app.core.db import Database
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.reminder_settings import ReminderSettings
from app.core.resources import Resources
from app.core.settings import ServiceSettings, Settings
from app.reminder.channels.registry import Channels

SCHEDULE = Principal(UUID(int=0), Role.BKPSDM_ADMIN, Scope())
"""In whose name the schedule acts: the service's own."""


@dataclass(frozen=True)
class Means:
    """The process's database, clock, channels, settings and data folder."""

    database: Database
    clock: Clock
    channels: Channels
    service: ServiceSettings
    reminder: ReminderSettings
    printer: RecapPrinter
    folder: Path


def means_of(held: Resources) -> Means:
    """Return them from the process's resources."""
    settings = held.get(Settings)
    return Means(
        database=held.get(Database),
        clock=held.get(Clock),  # type: ignore[type-abstract]
        channels=held.get(Channels),
        service=settings.service,
        reminder=settings.reminder,
        printer=held.get(RecapPrinter),
        folder=settings.storage.data_dir,
    )
