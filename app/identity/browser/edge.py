"""The cookie that makes a browser known, and signing in by NIP and PIN from a request."""

import asyncio
import hashlib
import re
from datetime import datetime
from uuid import UUID

from fastapi import Request, Response

from app.core.db import Session
from app.core.http import client_address, resources
from app.core.limits import Limits
from app.core.secrets import new_token
from app.core.settings import ServiceSettings, Settings
from app.identity.browser import service
from app.identity.browser.service import CodeAsked
from app.identity.kiosk import edge as kiosk
from app.identity.service import Login

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits, as `new_token` makes them


def cookie_name(settings: ServiceSettings) -> str:
    """`__Host-` binds the cookie to this host and TLS (RFC 6265bis)."""
    return "__Host-pakta-browser" if settings.secure else "pakta-browser"


class PinTurns:
    """How many sign-ins by PIN may hold a database connection while their PIN is judged; the others wait without one.

    A PIN takes a tenth of a second of a core on purpose: a hall full of people would take every connection otherwise.
    """

    def __init__(self, most: int = 4) -> None:
        self.free = asyncio.Semaphore(most)


async def sign_in(request: Request, session: Session, nip: str, pin: str, *, now: datetime) -> Login | CodeAsked:
    """Try a NIP and PIN. Only browsers that are not known are counted by address: strangers cannot shut a whole OPD out."""
    async with resources(request).get(PinTurns).free:
        attempt = await service.recognise(session, nip, browser_of(request), now=now)
        if attempt.known is None:
            resources(request).get(Limits).login.take(client_address(request))
        return await service.try_pin(session, attempt, pin, now=now)


async def remember(request: Request, response: Response, session: Session, employee_id: UUID, now: datetime) -> None:
    """Let this browser be known to whoever is signed in with it now; a kiosk is everybody's, and never is."""
    if kiosk.token_of(request) is None:
        token = await service.remember(session, employee_id, browser_of(request), now=now)
        _set_cookie(request, response, token)


def mark(request: Request, response: Response) -> bytes | None:
    """Give a browser its cookie if it has none, and return what is stored of it; a kiosk is everybody's and has none."""
    if kiosk.token_of(request) is None and browser_of(request) is None:
        token = new_token()
        _set_cookie(request, response, token)
        return _device(token)
    return marked(request)


def marked(request: Request) -> bytes | None:
    """Return what is stored of a browser that has its cookie already; a kiosk is everybody's and has none."""
    token = browser_of(request) if kiosk.token_of(request) is None else None
    return None if token is None else _device(token)


def _device(token: str) -> bytes:
    return hashlib.sha256(b"pakta.device.v1" + token.encode()).digest()


def _set_cookie(request: Request, response: Response, token: str) -> None:
    settings = resources(request).get(Settings).service
    response.set_cookie(
        cookie_name(settings),
        token,
        httponly=True,
        secure=settings.secure,
        samesite="lax",
        path="/",
        max_age=int(service.KNOWN_LIFE.total_seconds()),
    )


def browser_of(request: Request) -> str | None:
    """Return what the browser's cookie holds, if it can be one of ours."""
    found = request.cookies.get(cookie_name(resources(request).get(Settings).service), "")
    return found if _TOKEN.fullmatch(found) else None
