"""SQL of known browsers and sign-in codes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Session
from app.identity.browser.models import KnownBrowser, LoginCode
from app.identity.models import Pin


async def find_known(session: Session, digest: bytes, now: datetime) -> KnownBrowser | None:
    """Return a known browser by its digest, locked: the try is counted before it is judged."""
    statement = select(KnownBrowser).where(KnownBrowser.digest == digest, KnownBrowser.expires_at > now)
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


async def keep_known(session: Session, digest: bytes, employee_id: UUID, now: datetime, until: datetime) -> None:
    """Let a browser be known, or known longer; what was missed in all stays counted."""
    values = {"employee_id": employee_id, "created_at": now, "misses_ever": 0}
    again = {"expires_at": until, "misses": 0}
    statement = insert(KnownBrowser).values(digest=digest, **values, **again)
    await session.execute(statement.on_conflict_do_update(index_elements=[KnownBrowser.digest], set_=again))


async def pin_hash(session: Session, employee_id: UUID) -> str | None:
    """Return the stored PIN of a person. Not locked: whoever knows nothing but a NIP must not make its owner wait."""
    return (await session.execute(select(Pin.hash).where(Pin.employee_id == employee_id))).scalar_one_or_none()


async def find_code(session: Session, digest: bytes) -> LoginCode | None:
    """Return what is asked of the browser that holds this, locked: the try is counted before it is judged."""
    statement = select(LoginCode).where(LoginCode.digest == digest).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def find_code_by_id(session: Session, code_id: UUID) -> LoginCode | None:
    """Return what is asked by its id, locked."""
    return (
        await session.execute(select(LoginCode).where(LoginCode.id == code_id).with_for_update())
    ).scalar_one_or_none()


async def count_mailed(session: Session, employee_id: UUID, since: datetime) -> int:
    """Count the codes mailed to a person since then; the person's PIN is locked first, so that two at once are two."""
    await session.execute(select(Pin.employee_id).where(Pin.employee_id == employee_id).with_for_update())
    statement = select(func.count()).where(LoginCode.employee_id == employee_id, LoginCode.mailed_at > since)
    return (await session.execute(statement)).scalar_one()


async def forget_over(session: Session, now: datetime, mailed_before: datetime) -> None:
    """Delete what can no longer be answered; codes that were mailed count for a day."""
    dead = or_(LoginCode.mailed_at.is_(None), LoginCode.mailed_at < mailed_before)
    await session.execute(delete(LoginCode).where(LoginCode.expires_at < now, dead))
    await session.execute(delete(KnownBrowser).where(KnownBrowser.expires_at < now))
