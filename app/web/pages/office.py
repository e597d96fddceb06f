"""The way in for offices: a passkey, or a token entered once; and the way out."""

import re
from typing import Annotated

from fastapi import Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.core.http import ClockDep, SessionDep, SettingsDep, client_address, resources
from app.core.limits import Limits
from app.core.routing import Router
from app.identity.accounts import sessions
from app.identity.accounts.cookie import delete_cookie as forget_account
from app.identity.oidc.provider import OidcProvider
from app.web.office import MaybeOfficeDep, caller_of, cookie_name, seal, set_cookie
from app.web.rendering import render
from app.web.visitor import OwnOrigin

router = Router()
_OWN_PATH = re.compile(r"/(?:dashboard|kantor|layar)(?:/[A-Za-z0-9-]+)*")  # of these pages alone, no query


def onward(path: str) -> str:
    """Return the page to go on to: one of these, or the dashboard."""
    return path if _OWN_PATH.fullmatch(path) else "/dashboard"


@router.get("/dashboard/masuk")
async def read_entry(
    request: Request, office: MaybeOfficeDep, lanjut: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Ask for a passkey or a token."""
    if office is not None:
        return RedirectResponse(onward(lanjut), 303)
    return _page(request, lanjut)


@router.post("/dashboard/masuk", dependencies=[OwnOrigin])
async def post_entry(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    token: Annotated[str, Form(max_length=200)] = "",
    lanjut: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Keep a token that may see figures in the cookie."""
    token = token.strip()
    if not token or await caller_of(request, session, token) is None:
        resources(request).get(Limits).login.take(
            client_address(request)
        )  # a right one is never refused for its address
        return _page(request, lanjut, status=403, problem=True)
    response = RedirectResponse(onward(lanjut), 303)
    set_cookie(response, settings.service, seal(settings.storage, token, clock.now()))
    return response


def _page(request: Request, lanjut: str, *, status: int = 200, problem: bool = False) -> Response:
    sso = resources(request).get(OidcProvider).settings
    label = sso.label if sso.enabled else ""
    return render(request, "office_login.html", status=status, onward=onward(lanjut), problem=problem, sso=label)


@router.post("/dashboard/keluar", dependencies=[OwnOrigin])
async def post_exit(session: SessionDep, office: MaybeOfficeDep, clock: ClockDep, settings: SettingsDep) -> Response:
    """End the account's session, and forget the token."""
    if office is not None and office.principal.session_id is not None:
        await sessions.end_own(session, office.principal, office.principal.session_id, now=clock.now())
    response = RedirectResponse("/dashboard/masuk", 303)
    secure = settings.service.secure
    response.delete_cookie(cookie_name(settings.service), path="/", secure=secure, httponly=True, samesite="strict")
    forget_account(response, settings.service)
    return response
