"""Signing in and out."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import Session
from app.core.http import ClockDep, SessionDep, SettingsDep, resources
from app.core.routing import Router
from app.core.texts import text
from app.identity import service as identity
from app.identity.browser import edge as browsers
from app.identity.browser import service as browser
from app.identity.browser.service import CodeAsked
from app.identity.edge import cookie_name
from app.identity.errors import LoginCodeWrong, LoginRefused
from app.identity.oidc.provider import OidcProvider
from app.identity.slips.code import SlipPress
from app.identity.stay import edge as stay
from app.web.rendering import language_of, render
from app.web.visitor import FormVisitorDep, MaybeVisitorDep, NotAtKiosk, OwnOrigin

router = Router(dependencies=[NotAtKiosk])
Shared = Annotated[str, Form(max_length=1)]  # a tick: this computer is one that others use
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
    nip: Annotated[str, Form(max_length=40)] = "",
    pin: Annotated[str, Form(max_length=32)] = "",
    lanjut: Annotated[str, Form(max_length=200)] = "",
    shared: Shared = "",
) -> Response:
    """Sign in by NIP and PIN, without any script."""
    try:
        found = await browsers.sign_in(request, session, nip, pin, now=clock.now())
    except LoginRefused as refused:
        language = language_of(request)
        problem, remedy = text(refused.code, language), text(f"{refused.code}.remedy", language)
        return _page(request, lanjut, status=403, nip=nip, problem=problem, remedy=remedy, shared=shared)
    if isinstance(found, CodeAsked):
        return _code_page(request, lanjut, found.pending, shared)
    return await _enter(request, session, found, lanjut, shared, clock.now())


@router.post("/masuk/kode", dependencies=[OwnOrigin])
async def post_code(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    pending: Annotated[str, Form(max_length=64)] = "",
    code: Annotated[str, Form(max_length=64)] = "",
    lanjut: Annotated[str, Form(max_length=200)] = "",
    shared: Shared = "",
) -> Response:
    """Answer with the code that a browser nobody knows is asked for."""
    press = resources(request).get(SlipPress)
    try:
        login = await browser.try_code(session, press, pending, code, now=clock.now())
    except LoginCodeWrong as refused:
        problem = text(refused.code, language_of(request), **refused.params)
        return _code_page(request, lanjut, pending, shared, status=403, problem=problem)
    return await _enter(request, session, login, lanjut, shared, clock.now())


async def _enter(
    request: Request, session: Session, login: identity.Login, lanjut: str, shared: str, now: datetime
) -> Response:
    response = RedirectResponse(onward(lanjut), 303)
    await stay.let_in(request, response, session, login, shared=bool(shared), now=now)
    return response


def _code_page(
    request: Request, lanjut: str, pending: str, shared: str, *, status: int = 200, problem: str = ""
) -> Response:
    return render(
        request,
        "login_code.html",
        status=status,
        onward=onward(lanjut),
        pending=pending,
        shared=bool(shared),
        problem=problem,
    )


def _page(
    request: Request,
    lanjut: str,
    *,
    status: int = 200,
    nip: str = "",
    problem: str = "",
    remedy: str = "",
    shared: str = "",
) -> Response:
    sso = resources(request).get(OidcProvider).settings
    return render(
        request,
        "login.html",
        status=status,
        onward=onward(lanjut),
        nip=nip,
        problem=problem,
        remedy=remedy,
        sso=sso.label if sso.enabled else "",
        shared=bool(shared),
    )


@router.post("/keluar")
async def post_logout(session: SessionDep, clock: ClockDep, settings: SettingsDep, visitor: FormVisitorDep) -> Response:
    """End the login."""
    await identity.logout(session, visitor.login, now=clock.now())
    response = RedirectResponse("/", 303)
    response.delete_cookie(cookie_name(settings.service), path="/", secure=settings.service.secure, httponly=True)
    return response
