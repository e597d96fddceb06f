"""Activation and login over the API."""

from datetime import datetime
from typing import Any

from fastapi import Request, Response
from webauthn.helpers import bytes_to_base64url

from app.core.errors import AppError
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, client_address, resources
from app.core.limits import Limits
from app.core.routing import Router
from app.identity import onboarding, service
from app.identity.browser import edge as browsers
from app.identity.browser import service as browser
from app.identity.edge import LoginDep, PartyDep, cookie_name, csrf_token
from app.identity.errors import ActivationInvalid
from app.identity.schemas import (
    ActivationConfirm,
    ActivationLink,
    ActivationsCreate,
    ChallengeRead,
    Credential,
    LoginCodeGiven,
    LoginCodeNeeded,
    LoginRead,
    PasskeyLogin,
    PinCreate,
    PinLogin,
    WayKept,
)
from app.identity.slips.code import SlipPress
from app.identity.stay import edge as stay

router = Router(tags=["identity"])


@router.post("/activations", status_code=201)
async def issue_activations(
    body: ActivationsCreate, session: SessionDep, actor: ActorDep, clock: ClockDep, settings: SettingsDep
) -> list[ActivationLink]:
    """Make one-time activation links; earlier unused links of the same people stop working."""
    links = await service.issue_activations(session, actor, body.employee_ids, now=clock.now())
    base = settings.service.base_url
    return [
        ActivationLink(
            employee_id=link.employee_id, code=link.code, url=f"{base}/aktivasi/{link.code}", expires_at=link.expires_at
        )
        for link in links
    ]


@router.post("/activation")
async def activate(
    body: ActivationConfirm, request: Request, response: Response, session: SessionDep, clock: ClockDep
) -> LoginRead:
    """Confirm a link or slip with the birth date; opens a session in which a passkey or PIN is chosen."""
    digest = resources(request).get(SlipPress).digest(body.code)
    try:
        login = await service.activate(session, digest, body.birth_date, now=clock.now())
    except ActivationInvalid:  # only codes that are none are counted by address: see app/identity/slips/code.py
        resources(request).get(Limits).login.take(client_address(request))
        raise
    return await _welcome(request, response, session, login, clock.now(), shared=body.shared)


@router.post("/login/pin", responses={202: {"model": LoginCodeNeeded, "description": "A code is needed as well."}})
async def login_with_pin(
    body: PinLogin, request: Request, response: Response, session: SessionDep, clock: ClockDep
) -> LoginRead | LoginCodeNeeded:
    """Sign in by NIP and PIN; in a browser the person never signed in with, 202 asks for a code as well."""
    found = await browsers.sign_in(request, session, body.nip, body.pin, now=clock.now())
    if isinstance(found, service.Login):
        return await _welcome(request, response, session, found, clock.now(), shared=body.shared)
    response.status_code = 202
    return LoginCodeNeeded(pending=found.pending, expires_at=found.expires_at)


@router.post("/login/code")
async def login_with_code(
    body: LoginCodeGiven, request: Request, response: Response, session: SessionDep, clock: ClockDep
) -> LoginRead:
    """Answer with the mailed code, or with that of a slip."""
    press = resources(request).get(SlipPress)
    login = await browser.try_code(session, press, body.pending, body.code, now=clock.now())
    return await _welcome(request, response, session, login, clock.now(), shared=body.shared)


@router.post("/login/passkey-options")
async def login_options(request: Request, session: SessionDep, clock: ClockDep, party: PartyDep) -> ChallengeRead:
    """Return a challenge for a passkey login."""
    resources(request).get(Limits).challenge.take(client_address(request))
    challenge = await service.login_challenge(session, now=clock.now())
    return ChallengeRead(challenge=bytes_to_base64url(challenge), rp_id=party.id)


@router.post("/login/passkey")
async def login_with_passkey(
    body: PasskeyLogin, request: Request, response: Response, session: SessionDep, clock: ClockDep, party: PartyDep
) -> LoginRead:
    """Sign in with a passkey."""
    credential = body.model_dump(exclude={"shared"})
    try:
        login = await service.login_with_passkey(session, party, credential, now=clock.now())
    except AppError:  # one that is right is never refused for its address
        resources(request).get(Limits).login.take(client_address(request))
        raise
    return await _welcome(request, response, session, login, clock.now(), shared=body.shared)


@router.post("/logout", status_code=204)
async def logout(
    response: Response, session: SessionDep, login: LoginDep, clock: ClockDep, settings: SettingsDep
) -> None:
    """End the session."""
    await service.logout(session, login, now=clock.now())
    response.delete_cookie(cookie_name(settings.service), path="/", secure=settings.service.secure, httponly=True)


@router.post("/me/passkey-options")
async def passkey_options(session: SessionDep, login: LoginDep, party: PartyDep) -> dict[str, Any]:
    """Return WebAuthn creation options."""
    return await onboarding.passkey_options(session, party, login)


@router.post("/me/passkeys", status_code=201)
async def keep_passkey(
    body: Credential,
    request: Request,
    response: Response,
    session: SessionDep,
    login: LoginDep,
    party: PartyDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> WayKept:
    """Store a passkey; completes an activation. The session's cookie and CSRF token are new ones afterwards."""
    await onboarding.keep_passkey(
        session, party, login, body.model_dump(), onboarding.Terms.of(settings), now=clock.now()
    )
    renewed = await stay.let_stay(request, response, session, login, clock.now())
    return WayKept(csrf=csrf_token(renewed.token))


@router.post("/me/pin", status_code=201)
async def keep_pin(
    body: PinCreate,
    request: Request,
    response: Response,
    session: SessionDep,
    login: LoginDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> WayKept:
    """Store a PIN during an activation. The session's cookie and CSRF token are new ones afterwards."""
    await onboarding.keep_pin(session, login, body.pin, onboarding.Terms.of(settings), now=clock.now())
    renewed = await stay.let_stay(request, response, session, login, clock.now())
    return WayKept(csrf=csrf_token(renewed.token))


async def _welcome(
    request: Request,
    response: Response,
    session: SessionDep,
    login: service.Login,
    now: datetime,
    *,
    shared: bool,
) -> LoginRead:
    await stay.let_in(request, response, session, login, shared=shared, now=now)
    return LoginRead(csrf=csrf_token(login.token), expires_at=login.session.expires_at)
