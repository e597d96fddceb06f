"""Signing in and out."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import Session
from app.core.http import ClockDep, SessionDep, SettingsDep, resources
from app.core.routing import Router
from app.core.settings import Settings
from app.core.texts import text
from app.identity import service as identity
from app.identity.browser import edge as browsers
from app.identity.browser import service as browser
from app.identity.browser.service import CodeAsked
from app.identity.edge import cookie_name, set_cookie
from app.identity.errors import LoginCodeWrong, LoginRefused
from app.identity.oidc.provider import OidcProvider
from app.identity.slips.code import SlipPress
from app.web.rendering import language_of, render
from app.web.visitor import FormVisitorDep, MaybeVisitorDep, NotAtKiosk, OwnOrigin

router = Router(dependencies=[NotAtKiosk])
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
    try:
        found = await browsers.sign_in(request, session, nip, pin, now=clock.now())
    except LoginRefused as refused:
        language = language_of(request)
        problem, remedy = text(refused.code, language), text(f"{refused.code}.remedy", language)
        return _page(request, lanjut, status=403, nip=nip, problem=problem, remedy=remedy)
    if isinstance(found, CodeAsked):
        return render(request, "login_code.html", onward=onward(lanjut), pending=found.pending, problem="")
    return await _enter(request, session, settings, found, lanjut, clock.now())


@router.post("/masuk/kode", dependencies=[OwnOrigin])
async def post_code(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    pending: Annotated[str, Form(max_length=64)] = "",
    code: Annotated[str, Form(max_length=64)] = "",
    lanjut: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Answer with the code that a browser nobody knows is asked for."""
    press = resources(request).get(SlipPress)
    try:
        login = await browser.try_code(session, press, pending, code, now=clock.now())
    except LoginCodeWrong as refused:
        problem = text(refused.code, language_of(request), **refused.params)
        return render(request, "login_code.html", status=403, onward=onward(lanjut), pending=pending, problem=problem)
    return await _enter(request, session, settings, login, lanjut, clock.now())


async def _enter(
    request: Request, session: Session, settings: Settings, login: identity.Login, lanjut: str, now: datetime
) -> Response:
    response = RedirectResponse(onward(lanjut), 303)
    set_cookie(response, settings.service, login)
    await browsers.remember(request, response, session, login.session.employee_id, now)
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
