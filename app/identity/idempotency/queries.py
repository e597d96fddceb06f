"""SQL of idempotency keys."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Session
from app.identity.models import IdempotencyKey


async def claim(session: Session, caller: bytes, key: str, request: bytes, now: datetime, until: datetime) -> bool:
    """Take a key for a request; whether it was free. Of two at once one gets it. Keys that are over go on the way."""
    await session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.expires_at < now, IdempotencyKey.caller == caller, IdempotencyKey.key == key
        )
    )
    statement = insert(IdempotencyKey).values(caller=caller, key=key, request=request, expires_at=until)
    taken = await session.execute(statement.on_conflict_do_nothing().returning(IdempotencyKey.key))
    return taken.first() is not None


async def find(session: Session, caller: bytes, key: str) -> IdempotencyKey | None:
    """Return what is kept under a key."""
    statement = select(IdempotencyKey).where(IdempotencyKey.caller == caller, IdempotencyKey.key == key)
    return (await session.execute(statement)).scalar_one_or_none()


async def keep(session: Session, caller: bytes, key: str, status: int, sealed: bytes | None) -> None:
    """Keep the answer."""
    own = (IdempotencyKey.caller == caller, IdempotencyKey.key == key)
    await session.execute(update(IdempotencyKey).where(*own).values(status=status, sealed=sealed))


async def release(session: Session, caller: bytes, key: str) -> None:
    """Give a key back whose request changed nothing."""
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.caller == caller, IdempotencyKey.key == key))


async def forget(session: Session, now: datetime) -> None:
    """Delete keys that are over."""
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.expires_at < now))
