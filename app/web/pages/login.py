"""Signing in and out."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.core.http import ClockDep, SessionDep, SettingsDep, client_address, resources
from app.core.limits import Limits
from app.core.texts import text
from app.identity import service as identity
from app.identity.edge import cookie_name, set_cookie
from app.identity.errors import LoginRefused
from app.identity.oidc.provider import OidcProvider
from app.web.rendering import language_of, render
from app.web.visitor import FormVisitorDep, MaybeVisitorDep, OwnOrigin

router = APIRouter()
_OWN_PATH = re.compile(r"/[a-z0-9-]+(/[A-Za-z0-9-]+)*")  # of this host: no second slash in front, no query


def onward(path: str) -> str:
    """Return the page to go on to: one of ours, or the home page."""
    return path if _OWN_PATH.fullmatch(path) else "/beranda"


@router.get("/masuk")
async def read_login(
    request: Request, visitor: MaybeVisitorDep, lanjut: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Sign in by passkey, or by NIP and PIN."""
    if visitor is not None:
        return RedirectResponse(onward(lanjut), 303)
    return _page(request, lanjut)


@router.post("/masuk", dependencies=[OwnOrigin])
async def post_login(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    nip: Annotated[str, Form(max_length=40)] = "",
    pin: Annotated[str, Form(max_length=32)] = "",
    lanjut: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Sign in by NIP and PIN, without any script."""
    resources(request).get(Limits).login.take(client_address(request))
    try:
        login = await identity.login_with_pin(session, nip, pin, now=clock.now())
    except LoginRefused as refused:
        language = language_of(request)
        problem, remedy = text(refused.code, language), text(f"{refused.code}.remedy", language)
        return _page(request, lanjut, status=403, nip=nip, problem=problem, remedy=remedy)
    response = RedirectResponse(onward(lanjut), 303)
    set_cookie(response, settings.service, login)
    return response


def _page(
    request: Request, lanjut: str, *, status: int = 200, nip: str = "", problem: str = "", remedy: str = ""
) -> Response:
    sso = resources(request).get(OidcProvider).settings
    label = sso.label if sso.enabled else ""
    return render(
        request, "login.html", status=status, onward=onward(lanjut), nip=nip, problem=problem, remedy=remedy, sso=label
    )


@router.post("/keluar")
async def post_logout(session: SessionDep, clock: ClockDep, settings: SettingsDep, visitor: FormVisitorDep) -> Response:
    """End the login."""
    await identity.logout(session, visitor.login, now=clock.now())
    response = RedirectResponse("/", 303)
    response.delete_cookie(cookie_name(settings.service), path="/", secure=settings.service.secure, httponly=True)
    return response
