"""SQL of people's sessions."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, case, delete, select, update

from app.core.db import Session
from app.core.prepared import Statement
from app.identity.browser.models import KnownBrowser
from app.identity.models import LoginSession

SEEN_PAUSE = timedelta(minutes=1)  # how often a session's last sight is written

_FREE = (
    select(LoginSession.id)
    .where(LoginSession.id == bindparam("key"))
    .with_for_update(skip_locked=True, key_share=True)
    .scalar_subquery()
)
_SEEN = Statement(
    update(LoginSession)
    .where(LoginSession.id == _FREE)
    .values(last_seen_at=bindparam("at"), address=bindparam("place"))
)


async def touch(session: Session, login: LoginSession, address: str, now: datetime) -> None:
    """Write when and from where a session was seen last, at most once a minute and never waiting for another request."""
    if now - login.last_seen_at >= SEEN_PAUSE:
        await _SEEN.run(session, key=login.id, at=now, place=address)


async def list_live(
    session: Session,
    employee_id: UUID,
    after: UUID | None,
    limit: int,
    *,
    now: datetime,
    since: datetime,
    shared_since: datetime,
) -> list[LoginSession]:
    """Return a person's live sessions, newest first."""
    statement = (
        select(LoginSession)
        .where(
            LoginSession.employee_id == employee_id,
            LoginSession.activation_id.is_(None),
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at >= now,
            LoginSession.last_seen_at > case((LoginSession.shared, shared_since), else_=since),
        )
        .order_by(LoginSession.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(LoginSession.id < after)
    return list((await session.execute(statement)).scalars())


async def end(
    session: Session, employee_id: UUID, at: datetime, *, only: UUID | None = None, but: UUID | None = None
) -> int:
    """End a person's sessions: all, `only` one, or all `but` one; return how many there were."""
    statement = update(LoginSession).where(
        LoginSession.employee_id == employee_id, LoginSession.revoked_at.is_(None), LoginSession.expires_at >= at
    )
    if only is not None:
        statement = statement.where(LoginSession.id == only)
    if but is not None:
        statement = statement.where(LoginSession.id != but)
    return len((await session.execute(statement.values(revoked_at=at).returning(LoginSession.id))).all())


async def end_of_cookie(session: Session, token_hash: bytes, at: datetime) -> None:
    """End the session a browser had before it signed in anew."""
    await session.execute(
        update(LoginSession)
        .where(LoginSession.token_hash == token_hash, LoginSession.revoked_at.is_(None))
        .values(revoked_at=at)
    )


async def forget_browsers(session: Session, employee_id: UUID, but: bytes) -> None:
    """Let every browser but one (its digest) be unknown to a person again."""
    await session.execute(
        delete(KnownBrowser).where(KnownBrowser.employee_id == employee_id, KnownBrowser.digest != but)
    )
