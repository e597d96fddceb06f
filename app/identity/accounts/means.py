"""What the routes and pages of accounts are given: the browser, how long links and sessions last, the limit on guessing."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request, Response

from app.core.http import ClockDep, SessionDep, SettingsDep, client_address, resources
from app.core.limits import Limits
from app.core.secrets import token_hash
from app.core.settings import Settings
from app.identity.accounts.code import InvitationPress
from app.identity.accounts.cookie import account_cookie, browser_of
from app.identity.accounts.models import AccountSession
from app.identity.accounts.queries import find_session
from app.identity.accounts.sessions import Browser
from app.identity.browser.edge import mark


async def get_browser(request: Request, response: Response) -> Browser:
    """Return where a request comes from, and let the browser be recognised later on."""
    life = timedelta(hours=resources(request).get(Settings).accounts.session_hours)
    return Browser(client_address(request), browser_of(request), life, mark(request, response))


async def find_before(
    request: Request, session: SessionDep, clock: ClockDep, settings: SettingsDep
) -> AccountSession | None:
    """Return the live session behind the browser's cookie, also one that only the agency's sign-on has begun."""
    token = account_cookie(request)
    found = await find_session(session, token_hash(token), clock.now(), idle(settings)) if token else None
    return found[0] if found else None


async def get_press(request: Request) -> InvitationPress:
    """Return what makes the codes of invitations."""
    return resources(request).get(InvitationPress)


def count_unknown(request: Request) -> None:
    """Count a code that is none against its address; a right one is never refused for what others typed there."""
    resources(request).get(Limits).login.take(client_address(request))


def invitation_life(settings: Settings) -> timedelta:
    """Return how long an invitation's link works."""
    return timedelta(hours=settings.accounts.invitation_hours)


def idle(settings: Settings) -> timedelta:
    """Return after how long without a request a session ends."""
    return timedelta(minutes=settings.accounts.idle_minutes)


BeforeDep = Annotated[AccountSession | None, Depends(find_before)]
BrowserDep = Annotated[Browser, Depends(get_browser)]
PressDep = Annotated[InvitationPress, Depends(get_press)]
