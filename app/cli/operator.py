"""The commands' own caller: whoever can start the program on the machine runs the service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from app.core.approval import Act, Approvals
from app.core.clock import Clock
from app.core.db import Database, Session
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.resources import Resources
from app.core.settings import Settings
from app.core.telemetry import configure_logs
from app.identity.approval.errors import ApprovalAsked
from app.wiring import running

OPERATOR = Principal(UUID(int=0), Role.BKPSDM_ADMIN, Scope())


async def require_alone(held: Resources, session: Session, act: Act, data: Mapping[str, Any]) -> None:
    """Raise `ApprovalAsked` where `PAKTA_FOUR_EYES` is on: the request is made as `operator`, and an administrator decides it."""
    if held.get(Settings).service.four_eyes:
        approvals: Approvals = held.get(Approvals)  # type: ignore[type-abstract]
        waiting = await approvals.ask(session, OPERATOR, act, data, now=clock_of(held).now())
        raise ApprovalAsked(approval_id=waiting.approval_id, expires_at=waiting.expires_at)


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
