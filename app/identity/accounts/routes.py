"""Administrators' accounts over the API: invite, list, change, disable; for whoever grants roles."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from app.core.approval import Act, Waiting, held_back
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.identity.accounts import service
from app.identity.accounts.means import PressDep, idle, invitation_life
from app.identity.accounts.models import Account, AccountSession
from app.identity.accounts.schemas import (
    AccountCreate,
    AccountRead,
    AccountUpdate,
    InvitationRead,
    SessionRead,
    SessionsEnded,
)

router = Router(prefix="/accounts", tags=["accounts"])
WAITS: dict[int | str, dict[str, Any]] = {
    202: {"model": Waiting, "description": "A second administrator must approve."}
}


def read_account(account: Account) -> AccountRead:
    """Return an account as it is told."""
    return AccountRead.model_validate(account, from_attributes=True)


def read_invitation(invited: service.Invited, url: str) -> InvitationRead:
    """Return an invitation as it is told, once."""
    return InvitationRead(
        account=read_account(invited.account), code=invited.code, url=url, expires_at=invited.expires_at
    )


def read_session(one: AccountSession, current: UUID | None) -> SessionRead:
    """Return a session as it is told."""
    fields = {name: getattr(one, name) for name in SessionRead.model_fields if name != "current"}
    return SessionRead(current=one.id == current, **fields)


@router.post("", status_code=201, responses=WAITS)
async def invite(
    body: AccountCreate,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    press: PressDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> InvitationRead | Waiting:
    """Invite an administrator: a one-use link, told once and sent by mail. An address whose account is disabled is opened again."""
    if waiting := await held_back(request, session, actor, Act.ACCOUNT_INVITE, body.model_dump(mode="json")):
        response.status_code = 202
        return waiting
    response.headers["Cache-Control"] = "no-store"
    invited = await service.invite(session, actor, press, body, life=invitation_life(settings), now=clock.now())
    return read_invitation(invited, press.url(invited.code))


@router.get("")
async def list_accounts(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[AccountRead]:
    """List accounts, newest first."""
    parts = decode_cursor(cursor, 1)
    found = await service.list_accounts(session, actor, uuid_part(parts[0]) if parts else None, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [read_account(one) for one in found]


@router.patch("/{account_id}", responses=WAITS)
async def grant(
    account_id: UUID,
    body: AccountUpdate,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
) -> AccountRead | Waiting:
    """Give an account another role and scope; whoever is signed in with it has to sign in again."""
    data = {"account_id": str(account_id), "wanted": body.model_dump(mode="json")}
    if waiting := await held_back(request, session, actor, Act.ACCOUNT_GRANT, data):
        response.status_code = 202
        return waiting
    return read_account(await service.grant(session, actor, account_id, body, now=clock.now()))


@router.post("/{account_id}/invitation", status_code=201, responses=WAITS)
async def renew(
    account_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    press: PressDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> InvitationRead | Waiting:
    """Make a new link for somebody who lost the first, or every passkey; taken up, it replaces the passkeys there were."""
    if waiting := await held_back(request, session, actor, Act.ACCOUNT_RENEW, {"account_id": str(account_id)}):
        response.status_code = 202
        return waiting
    response.headers["Cache-Control"] = "no-store"
    invited = await service.renew(session, actor, press, account_id, life=invitation_life(settings), now=clock.now())
    return read_invitation(invited, press.url(invited.code))


@router.post("/{account_id}/disable")
async def disable(account_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> AccountRead:
    """Close an account: its sessions, its link and its passkeys end at once."""
    return read_account(await service.disable(session, actor, account_id, now=clock.now()))


@router.get("/{account_id}/sessions")
async def list_sessions(
    account_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[SessionRead]:
    """List an account's live sessions, newest first."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else None
    found = await service.list_sessions_of(
        session, actor, account_id, after, limit + 1, idle=idle(settings), now=clock.now()
    )
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [read_session(one, actor.session_id) for one in found]


@router.delete("/{account_id}/sessions")
async def end_sessions(account_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> SessionsEnded:
    """End every session of an account at once."""
    return SessionsEnded(ended=await service.end_sessions_of(session, actor, account_id, None, now=clock.now()))


@router.delete("/{account_id}/sessions/{session_id}", status_code=204)
async def end_session(
    account_id: UUID, session_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> None:
    """End one session of an account at once."""
    await service.end_sessions_of(session, actor, account_id, session_id, now=clock.now())
