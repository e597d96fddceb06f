"""SQL of acts that wait for a second administrator."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.core.db import Session
from app.identity.accounts.models import Account
from app.identity.approval.models import Approval
from app.identity.models import ApiToken


async def lock_approval(session: Session, approval_id: UUID) -> Approval | None:
    """Return a request, locked: of two who decide it, one does."""
    statement = select(Approval).where(Approval.id == approval_id).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def list_approvals(
    session: Session, state: str | None, after: UUID | None, limit: int, now: datetime
) -> list[Approval]:
    """Return requests, newest first; those that wait are those that can still be approved."""
    statement = select(Approval).order_by(Approval.id.desc()).limit(limit)
    if state == "expired":
        statement = statement.where(Approval.state == "waiting", Approval.expires_at <= now)
    elif state is not None:
        statement = statement.where(Approval.state == state)
    if state == "waiting":
        statement = statement.where(Approval.expires_at > now)
    if after is not None:
        statement = statement.where(Approval.id < after)
    return list((await session.execute(statement)).scalars())


async def find_account(session: Session, account_id: UUID) -> Account | None:
    """Return an account that is active."""
    found = select(Account).where(Account.id == account_id, Account.state == "active")
    return (await session.execute(found)).scalar_one_or_none()


async def find_token(session: Session, token_id: UUID) -> ApiToken | None:
    """Return a token."""
    return (await session.execute(select(ApiToken).where(ApiToken.id == token_id))).scalar_one_or_none()
