"""What is done when a second administrator approves: each act by the service function its route calls."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.approval import Act
from app.core.db import Session
from app.core.principal import Principal
from app.core.settings import Settings
from app.identity.accounts import service as accounts
from app.identity.accounts.code import InvitationPress
from app.identity.accounts.means import invitation_life
from app.identity.accounts.models import Account
from app.identity.accounts.schemas import AccountCreate, AccountUpdate
from app.identity.approval.service import Doing
from app.obligation import service as obligation
from app.pledge import service as pledge
from app.transparency.record import LogIdentity


def doings(settings: Settings, press: InvitationPress, log: LogIdentity) -> dict[Act, Doing]:
    """Return every act with what does it; each takes JSON values and returns JSON values, `about` in words for people."""
    life = invitation_life(settings)

    def told(invited: accounts.Invited) -> dict[str, Any]:
        return of(invited.account) | {"url": press.url(invited.code)}

    def of(account: Account) -> dict[str, Any]:
        return {"account_id": str(account.id), "about": f"{account.name} ({account.email})"}

    async def invite(session: Session, actor: Principal, data: dict[str, Any], now: datetime) -> dict[str, Any]:
        wanted = AccountCreate.model_validate(data)
        return told(await accounts.invite(session, actor, press, wanted, life=life, now=now))

    async def renew(session: Session, actor: Principal, data: dict[str, Any], now: datetime) -> dict[str, Any]:
        return told(await accounts.renew(session, actor, press, UUID(data["account_id"]), life=life, now=now))

    async def grant(session: Session, actor: Principal, data: dict[str, Any], now: datetime) -> dict[str, Any]:
        wanted = AccountUpdate.model_validate(data["wanted"])
        account = await accounts.grant(session, actor, UUID(data["account_id"]), wanted, now=now)
        return of(account) | {"role": account.role}

    async def close(session: Session, actor: Principal, data: dict[str, Any], now: datetime) -> dict[str, Any]:
        closed = await pledge.close_round(session, actor, log, UUID(data["round_id"]), now=now)
        return {"id": str(closed.id), "status": closed.status, "about": closed.title}

    async def open_(session: Session, actor: Principal, data: dict[str, Any], _now: datetime) -> dict[str, Any]:
        opening = await obligation.open_round(session, actor, UUID(data["round_id"]))
        return {"id": str(opening.id), "status": opening.status, "about": opening.title}

    return {
        Act.ACCOUNT_GRANT: grant,
        Act.ACCOUNT_INVITE: invite,
        Act.ACCOUNT_RENEW: renew,
        Act.ROUND_CLOSE: close,
        Act.ROUND_OPEN: open_,
    }
