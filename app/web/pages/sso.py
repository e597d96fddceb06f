"""Signing in with the agency's sign-on, and being signed out by it."""

from typing import Annotated

from fastapi import Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from app.core.errors import NotFound
from app.core.http import ClockDep, SessionDep, SettingsDep, resources
from app.core.routing import Router
from app.core.settings import ServiceSettings
from app.identity import service as identity
from app.identity.accounts.cookie import set_cookie as set_account_cookie
from app.identity.accounts.means import BrowserDep
from app.identity.errors import OidcRefused
from app.identity.oidc import flow
from app.identity.oidc import service as oidc
from app.identity.oidc.claims import read_logout_token
from app.identity.oidc.provider import OidcProvider
from app.identity.stay import edge as stay
from app.web.pages.login import onward
from app.web.visitor import NotAtKiosk

router = Router(dependencies=[NotAtKiosk])
OFFICE_ENTRY = "/dashboard/masuk"
_CALLBACK = "/masuk/sso/kembali"
Answered = Annotated[str, Query(max_length=2000)]


@router.get("/masuk/sso")
async def begin(
    request: Request,
    clock: ClockDep,
    settings: SettingsDep,
    lanjut: Annotated[str, Query(max_length=200)] = "",
    shared: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """Go to the agency's sign-on."""
    address, cookie = await flow.begin(
        _provider(request),
        settings.storage,
        _redirect(settings.service),
        onward(lanjut),
        shared=bool(shared),
        now=clock.now(),
    )
    response = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
    response.set_cookie(
        _cookie_name(settings.service),
        cookie,
        httponly=True,
        secure=settings.service.secure,
        samesite="lax",
        path="/",
        max_age=int(flow.LIFE.total_seconds()),
    )
    return response


@router.get(_CALLBACK)
async def complete(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    browser: BrowserDep,
    code: Answered = "",
    state: Answered = "",
    iss: Answered = "",
    error: Answered = "",
) -> Response:
    """Come back from it: signed in as the person on the roster, or on the way to the passkey of an administrator's account."""
    provider, now = _provider(request), clock.now()
    cookie = request.cookies.get(_cookie_name(settings.service), "")
    answer = flow.Answer(code, state, iss, error)
    redirect = _redirect(settings.service)
    vouched, target, shared = await flow.complete(provider, settings.storage, cookie, answer, redirect, now=now)
    if target == OFFICE_ENTRY:
        begun = await oidc.begin_account(session, provider.settings, vouched, browser, now=now)
        response = RedirectResponse(target, 303, {"Cache-Control": "no-store"})
        set_account_cookie(response, settings.service, begun.token, begun.session)
    else:
        login = await oidc.login(session, provider.settings, vouched, now=now)
        passkeys, has_pin = await identity.ways_in(session, login.session.employee_id)
        onto = target if passkeys or has_pin else "/cara-masuk"
        response = RedirectResponse(onto, 303, {"Cache-Control": "no-store"})
        await stay.let_in(request, response, session, login, shared=shared, now=now)
    response.delete_cookie(
        _cookie_name(settings.service), path="/", secure=settings.service.secure, httponly=True, samesite="lax"
    )
    return response


@router.post("/oidc/backchannel-logout")
async def end(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    logout_token: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Be told by the sign-on that somebody signed out there (Back-Channel Logout 1.0 §2.8)."""
    headers = {"Cache-Control": "no-store"}
    now = clock.now()
    try:
        ended = await read_logout_token(_provider(request), logout_token, now=now)
    except OidcRefused as refused:
        told = {"error": "invalid_request", "error_description": str(refused.params["reason"])}
        return JSONResponse(told, 400, headers)
    await oidc.logout(session, ended, now=now)
    return Response(status_code=200, headers=headers)


def _provider(request: Request) -> OidcProvider:
    found = resources(request).get(OidcProvider)
    if not found.settings.enabled:
        raise NotFound
    return found


def _redirect(service: ServiceSettings) -> str:
    return f"{service.base_url}{_CALLBACK}"


def _cookie_name(service: ServiceSettings) -> str:
    return "__Host-pakta-sso" if service.secure else "pakta-sso"
