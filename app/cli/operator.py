"""The commands' own caller: whoever can start the program on the machine runs the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from app.core.clock import Clock
from app.core.db import Database, Session
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.resources import Resources
from app.core.settings import Settings
from app.core.telemetry import configure_logs
from app.wiring import running

OPERATOR = Principal(UUID(int=0), Role.BKPSDM_ADMIN, Scope())


@asynccontextmanager
async def at_work() -> AsyncIterator[tuple[Resources, Session]]:
    """The process's resources and one transaction, committed in the end."""
    settings = Settings()
    configure_logs(settings.service)
    async with running(settings) as held, held.get(Database).transaction() as session:
        yield held, session


def clock_of(held: Resources) -> Clock:
    """Return the process's clock."""
    return held.get(Clock)  # type: ignore[type-abstract]
