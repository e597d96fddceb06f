"""SQL of recap links."""

from uuid import UUID

from sqlalchemy import select

from app.compliance.models import RecapLink
from app.core.db import Session


async def list_links(session: Session, round_id: UUID, after: UUID, limit: int) -> list[RecapLink]:
    """Return a round's links in the order they were made."""
    statement = select(RecapLink).where(RecapLink.round_id == round_id, RecapLink.id > after)
    return list((await session.execute(statement.order_by(RecapLink.id).limit(limit))).scalars())


async def lock(session: Session, round_id: UUID, link_id: UUID) -> RecapLink | None:
    """Return a link of a round, locked."""
    statement = select(RecapLink).where(RecapLink.id == link_id, RecapLink.round_id == round_id).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def find(session: Session, token_hash: bytes) -> RecapLink | None:
    """Return the link a token opens."""
    statement = select(RecapLink).where(RecapLink.token_hash == token_hash)
    return (await session.execute(statement)).scalar_one_or_none()
