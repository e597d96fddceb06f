"""An account's way in, its sessions and its passkeys, over the API; the pages under /kantor call these."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response
from webauthn.helpers import bytes_to_base64url

from app.core.errors import AppError
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, client_address, resources
from app.core.limits import Limits
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.core.settings import Settings
from app.identity import service as identity
from app.identity.accounts import joining, passkeys, sessions
from app.identity.accounts.cookie import delete_cookie, set_cookie
from app.identity.accounts.errors import InvitationInvalid
from app.identity.accounts.means import BeforeDep, BrowserDep, count_unknown, idle
from app.identity.accounts.models import AccountPasskey
from app.identity.accounts.routes import read_session
from app.identity.accounts.schemas import (
    InvitationCode,
    InvitationTake,
    PasskeyRead,
    SessionOptions,
    SessionRead,
    SessionsEnded,
)
from app.identity.edge import PartyDep, csrf_token
from app.identity.passkey import RelyingParty
from app.identity.schemas import Credential, LoginRead

router = Router(tags=["sessions"])


@router.post("/invitation/passkey-options")
async def invitation_options(
    body: InvitationCode, request: Request, session: SessionDep, party: PartyDep, clock: ClockDep
) -> dict[str, Any]:
    """Return WebAuthn creation options for whoever holds an invitation."""
    try:
        return await joining.options(session, party, body.code, now=clock.now())
    except InvitationInvalid:
        count_unknown(request)
        raise


@router.post("/invitation")
async def take_up_invitation(
    body: InvitationTake,
    request: Request,
    response: Response,
    session: SessionDep,
    party: PartyDep,
    browser: BrowserDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> LoginRead:
    """Take up an invitation with a new passkey; signs the browser in."""
    try:
        welcome = await joining.take_up(
            session, party, body.code, body.credential.model_dump(), browser, now=clock.now()
        )
    except InvitationInvalid:
        count_unknown(request)
        raise
    return _welcome(response, settings, welcome)


@router.post("/sessions/passkey-options")
async def sign_in_options(
    request: Request, session: SessionDep, before: BeforeDep, clock: ClockDep, party: PartyDep
) -> SessionOptions:
    """Return a challenge for signing in to an account; passkeys are named only to whom the agency's sign-on has vouched for."""
    resources(request).get(Limits).challenge.take(client_address(request))
    challenge = await identity.login_challenge(session, now=clock.now())
    return _options(party, challenge, await sessions.known_passkeys(session, before))


@router.post("/sessions")
async def sign_in(
    body: Credential,
    request: Request,
    response: Response,
    session: SessionDep,
    before: BeforeDep,
    party: PartyDep,
    browser: BrowserDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> LoginRead:
    """Sign in to an account with a passkey; a session the browser had ends."""
    try:
        welcome = await sessions.sign_in(session, party, body.model_dump(), browser, before, now=clock.now())
    except AppError:  # one that is right is never refused for its address
        count_unknown(request)
        raise
    return _welcome(response, settings, welcome)


@router.post("/sessions/confirm-options")
async def confirm_options(session: SessionDep, actor: ActorDep, party: PartyDep, clock: ClockDep) -> SessionOptions:
    """Return a challenge for the passkey that a dangerous act asks for again."""
    challenge, known = await sessions.confirm_options(session, actor, now=clock.now())
    return _options(party, challenge, known)


@router.post("/sessions/confirm")
async def confirm(
    body: Credential,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    party: PartyDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> LoginRead:
    """Confirm with the passkey that it is still you; cookie and CSRF token are new ones afterwards."""
    welcome = await sessions.confirm(session, party, actor, body.model_dump(), now=clock.now())
    return _welcome(response, settings, welcome)


@router.get("/sessions")
async def list_sessions(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[SessionRead]:
    """List the live sessions of your account, newest first."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else None
    found = await sessions.list_own(session, actor, after, limit + 1, idle=idle(settings), now=clock.now())
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [read_session(one, actor.session_id) for one in found]


@router.delete("/sessions")
async def end_others(session: SessionDep, actor: ActorDep, clock: ClockDep) -> SessionsEnded:
    """End every other session of your account."""
    return SessionsEnded(ended=await sessions.end_others(session, actor, now=clock.now()))


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(
    session_id: UUID,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> None:
    """End one session of your account; the one you are in to sign out."""
    await sessions.end_own(session, actor, session_id, now=clock.now())
    if session_id == actor.session_id:
        delete_cookie(response, settings.service)


@router.get("/account-passkeys")
async def list_passkeys(session: SessionDep, actor: ActorDep) -> list[PasskeyRead]:
    """List the passkeys of your account, oldest first."""
    return [_read_passkey(one) for one in await passkeys.list_passkeys(session, actor)]


@router.post("/account-passkeys/options")
async def passkey_options(session: SessionDep, actor: ActorDep, party: PartyDep, clock: ClockDep) -> dict[str, Any]:
    """Return WebAuthn creation options for one more passkey of your account."""
    return await passkeys.passkey_options(session, party, actor, now=clock.now())


@router.post("/account-passkeys", status_code=201)
async def add_passkey(
    body: Credential, session: SessionDep, actor: ActorDep, party: PartyDep, browser: BrowserDep, clock: ClockDep
) -> PasskeyRead:
    """Register one more passkey for your account."""
    kept = await passkeys.add_passkey(session, party, actor, body.model_dump(), browser, now=clock.now())
    return _read_passkey(kept)


@router.delete("/account-passkeys/{passkey_id}", status_code=204)
async def remove_passkey(passkey_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> None:
    """Remove a passkey of your account, but never the last."""
    await passkeys.remove_passkey(session, actor, passkey_id, now=clock.now())


def _read_passkey(passkey: AccountPasskey) -> PasskeyRead:
    return PasskeyRead.model_validate(passkey, from_attributes=True)


def _options(party: RelyingParty, challenge: bytes, known: list[bytes]) -> SessionOptions:
    credentials = [bytes_to_base64url(one) for one in known]
    return SessionOptions(challenge=bytes_to_base64url(challenge), rp_id=party.id, credentials=credentials)


def _welcome(response: Response, settings: Settings, welcome: sessions.Welcome) -> LoginRead:
    response.headers["Cache-Control"] = "no-store"
    set_cookie(response, settings.service, welcome.token, welcome.session)
    return LoginRead(csrf=csrf_token(welcome.token), expires_at=welcome.session.expires_at)
