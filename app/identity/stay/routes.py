"""A person's sessions over the API."""

from uuid import UUID

from fastapi import Request, Response

from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.identity.accounts.schemas import SessionsEnded
from app.identity.browser.edge import browser_of
from app.identity.edge import cookie_name
from app.identity.models import LoginSession
from app.identity.stay import service
from app.identity.stay.schemas import OwnSessionRead

router = Router(prefix="/me/sessions", tags=["identity"])


@router.get("")
async def list_own_sessions(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[OwnSessionRead]:
    """List where you are signed in, newest first."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else None
    found = await service.list_own(session, actor, settings.sessions, after, limit + 1, now=clock.now())
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [_read(one, actor.session_id) for one in found]


@router.delete("")
async def end_other_own_sessions(
    request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> SessionsEnded:
    """End every other session of yours; only this browser stays known to you."""
    return SessionsEnded(ended=await service.end_others(session, actor, browser_of(request), now=clock.now()))


@router.delete("/{session_id}", status_code=204)
async def end_own_session(
    session_id: UUID, response: Response, session: SessionDep, actor: ActorDep, clock: ClockDep, settings: SettingsDep
) -> None:
    """End one session of yours; the one you are in to sign out."""
    await service.end_own(session, actor, session_id, now=clock.now())
    if session_id == actor.session_id:
        response.delete_cookie(cookie_name(settings.service), path="/", secure=settings.service.secure, httponly=True)


def _read(login: LoginSession, current: UUID | None) -> OwnSessionRead:
    fields = (name for name in OwnSessionRead.model_fields if name != "current")
    return OwnSessionRead(current=login.id == current, **{name: getattr(login, name) for name in fields})
