"""Let a person in, in this browser: what becomes of the cookies, and of the session the browser had."""

from datetime import datetime

from fastapi import Request, Response

from app.core.db import Session
from app.core.http import client_address, resources
from app.core.secrets import token_hash
from app.core.settings import Settings
from app.identity.accounts.cookie import browser_of
from app.identity.browser import edge as browsers
from app.identity.edge import session_cookie, set_cookie
from app.identity.models import LoginSession
from app.identity.service import Login
from app.identity.stay import queries, service


async def let_in(
    request: Request, response: Response, session: Session, login: Login, *, shared: bool, now: datetime
) -> None:
    """Open a login in this browser: the one it had ends. A shared computer is nobody's known browser, and forgets soon."""
    settings = resources(request).get(Settings)
    if token := session_cookie(request):
        await queries.end_of_cookie(session, token_hash(token), now)
    service.settle(
        login.session,
        settings.sessions,
        address=client_address(request),
        browser=browser_of(request),
        shared=shared,
        now=now,
    )
    set_cookie(response, settings.service, login)
    if login.session.activation_id is not None:
        # where an office signs in stays that, whatever whoever sits there says of the computer
        login.session.device = browsers.marked(request) if shared else browsers.mark(request, response)
    elif not shared:
        await browsers.remember(request, response, session, login.session.employee_id, now)


async def let_stay(request: Request, response: Response, session: Session, login: LoginSession, now: datetime) -> Login:
    """A way to sign in was kept in a session: from here on it may do more, so its token is a new one."""
    renewed = Login(service.renew(login), login)
    session.add(login)
    set_cookie(response, resources(request).get(Settings).service, renewed)
    if not login.shared:
        await browsers.remember(request, response, session, login.employee_id, now)
    return renewed
