"""SQL of API tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update

from app.core.db import Session
from app.identity.models import ApiToken, ApiTokenUse


async def write_use(session: Session, token_id: UUID, now: datetime, before: datetime) -> None:
    """Write when a token was used, unless that was written after `before` or another request is just writing it."""
    due = (
        select(ApiTokenUse.token_id)
        .where(
            ApiTokenUse.token_id == token_id,
            or_(ApiTokenUse.last_used_at.is_(None), ApiTokenUse.last_used_at <= before),
        )
        .with_for_update(skip_locked=True, key_share=True)
    )
    await session.execute(update(ApiTokenUse).where(ApiTokenUse.token_id.in_(due)).values(last_used_at=now))


async def list_tokens(session: Session, after: UUID | None, limit: int) -> list[tuple[ApiToken, datetime | None]]:
    """Return tokens with when they were last used, newest first."""
    statement = (
        select(ApiToken, ApiTokenUse.last_used_at)
        .outerjoin(ApiTokenUse, ApiTokenUse.token_id == ApiToken.id)
        .order_by(ApiToken.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(ApiToken.id < after)
    return [(token, used) for token, used in await session.execute(statement)]


async def lock_token(session: Session, token_id: UUID) -> ApiToken | None:
    """Return a token, locked."""
    return (
        await session.execute(select(ApiToken).where(ApiToken.id == token_id).with_for_update())
    ).scalar_one_or_none()
