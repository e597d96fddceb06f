"""Four eyes: an act that a second administrator has to approve becomes a request, and is carried out when it is approved.

Off, an act is simply done. On (`PAKTA_FOUR_EYES`), a route asks `held_back` first and answers 202 with what waits; should a route
forget, `Principal.require` refuses the act. `identity` keeps the requests, so that nouns below and beside it need not import it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel

from app.core.clock import Clock
from app.core.db import Session
from app.core.http import resources
from app.core.permission import Permission
from app.core.principal import Principal


class Act(StrEnum):
    """What may wait for a second administrator, in alphabetical order."""

    ACCOUNT_GRANT = "account.grant"
    ACCOUNT_INVITE = "account.invite"
    ACCOUNT_RENEW = "account.renew"
    ROUND_CLOSE = "round.close"
    ROUND_OPEN = "round.open"


PERMISSION_OF: dict[Act, Permission] = {
    Act.ACCOUNT_GRANT: Permission.ROLE_GRANT,
    Act.ACCOUNT_INVITE: Permission.ROLE_GRANT,
    Act.ACCOUNT_RENEW: Permission.ROLE_GRANT,
    Act.ROUND_CLOSE: Permission.ROUND_OPEN,
    Act.ROUND_OPEN: Permission.ROUND_OPEN,
}
"""The permission both administrators need."""


class Waiting(BaseModel):
    """An act that waits for a second administrator."""

    approval_id: UUID
    act: Act
    expires_at: datetime


class Approvals(Protocol):
    """Keeps acts until a second administrator has looked at them."""

    async def ask(
        self, session: Session, actor: Principal, act: Act, data: Mapping[str, Any], *, now: datetime
    ) -> Waiting:
        """Check that the act could be done now, and keep it; raises what the act itself would raise."""
        ...


async def held_back(
    request: Request, session: Session, actor: Principal, act: Act, data: Mapping[str, Any]
) -> Waiting | None:
    """Return what now waits for a second administrator, or None where the caller may go on at once; `data` are JSON values."""
    if not actor.four_eyes:
        return None
    held = resources(request)
    approvals: Approvals = held.get(Approvals)  # type: ignore[type-abstract]
    now = held.get(Clock).now()  # type: ignore[type-abstract]
    return await approvals.ask(session, actor, act, data, now=now)
