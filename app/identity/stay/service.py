"""See and end the sessions of the own account.

Whoever ends all others also makes every other browser unknown: there a PIN alone would open the next one.
"""

from datetime import datetime
from uuid import UUID

from app.core.account_settings import SessionSettings
from app.core.db import Session
from app.core.errors import NotFound
from app.core.principal import Principal
from app.core.secrets import new_token, token_hash
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.browser.service import digest_of
from app.identity.models import LoginSession
from app.identity.stay import queries


async def list_own(
    session: Session, actor: Principal, lasting: SessionSettings, after: UUID | None, limit: int, *, now: datetime
) -> list[LoginSession]:
    """Return the caller's live sessions, newest first."""
    since, shared_since = now - lasting.idle(shared=False), now - lasting.idle(shared=True)
    person = actor.require_employee()
    return await queries.list_live(session, person, after, limit, now=now, since=since, shared_since=shared_since)


async def end_own(session: Session, actor: Principal, session_id: UUID, *, now: datetime) -> None:
    """End one session of the caller, this one to sign out. Raises `NotFound` for anybody else's."""
    person = actor.require_employee()
    if not await queries.end(session, person, now, only=session_id):
        raise NotFound
    kind = AccessKind.LOGOUT if session_id == actor.session_id else AccessKind.SESSION_ENDED
    access.record_own(session, kind, person, now=now)


async def end_others(session: Session, actor: Principal, browser: str | None, *, now: datetime) -> int:
    """End every other session of the caller, and let no browser but this one (its cookie) be known; return how many ended."""
    person = actor.require_employee()
    ended = await queries.end(session, person, now, but=actor.session_id)
    await queries.forget_browsers(session, person, digest_of(browser or "", person))
    access.record_own(session, AccessKind.SESSION_ENDED, person, now=now, sessions=ended)
    return ended


def settle(
    login: LoginSession, lasting: SessionSettings, *, address: str, browser: str, shared: bool, now: datetime
) -> None:
    """Say where a fresh login is, and how long it lasts there."""
    login.address, login.browser, login.shared = address, browser, shared
    if login.activation_id is None:
        login.expires_at = now + lasting.life(shared=shared)


def renew(login: LoginSession) -> str:
    """Draw a session's token anew, now that it may do more; return it."""
    token = new_token()
    login.token_hash, login.challenge = token_hash(token), None
    return token
