"""The cookie of an account's session, and the principal behind it.

`SameSite=strict`: no link or form of another site brings it along. Whatever changes something needs the CSRF token besides (edge.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import Request, Response

from app.core.account_settings import AccountSettings
from app.core.clock import Clock
from app.core.db import Session
from app.core.http import client_address, resources
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.secrets import token_hash
from app.core.settings import ServiceSettings, Settings
from app.identity.accounts import queries
from app.identity.accounts.models import Account, AccountSession

MOST_BROWSER = 200


@dataclass(frozen=True)
class SignedIn:
    """Who is behind an account's cookie: the cookie's token, the account, its session, and the caller as services want it."""

    token: str
    account: Account
    session: AccountSession
    principal: Principal


def cookie_name(settings: ServiceSettings) -> str:
    """`__Host-` (RFC 6265bis) binds the cookie to this host and TLS; browsers refuse it on plain http."""
    return "__Host-pakta-account" if settings.secure else "pakta-account"


def account_cookie(request: Request) -> str | None:
    """Return the account cookie's token."""
    return request.cookies.get(cookie_name(resources(request).get(Settings).service))


def set_cookie(response: Response, settings: ServiceSettings, token: str, session: AccountSession) -> None:
    """Hand a session's token to the browser, out of reach of scripts and of other sites, links from them included."""
    response.set_cookie(
        cookie_name(settings),
        token,
        httponly=True,
        secure=settings.secure,
        samesite="strict",
        path="/",
        expires=session.expires_at.astimezone(UTC),
    )


def delete_cookie(response: Response, settings: ServiceSettings) -> None:
    """Take the token from the browser."""
    response.delete_cookie(cookie_name(settings), path="/", secure=settings.secure, httponly=True, samesite="strict")


def browser_of(request: Request) -> str:
    """Return what the browser calls itself (RFC 9110 §10.1.5), cut short; for the list of sessions only, nothing trusts it."""
    told = request.headers.get("user-agent", "")[:MOST_BROWSER]
    return "".join(character for character in told if character.isprintable())


async def find_signed_in(request: Request, session: Session) -> SignedIn | None:
    """Return who is behind the request's account cookie, and note that the session was seen.

    The caller confines the transaction (`app/core/confinement.py`) before it does anything else.
    """
    token = account_cookie(request)
    if token is None:
        return None
    held = resources(request)
    settings, now = held.get(Settings), held.get(Clock).now()  # type: ignore[type-abstract]
    idle = timedelta(minutes=settings.accounts.idle_minutes)
    found = await queries.find_session(session, token_hash(token), now, idle)
    if found is None or found[0].confirmed_at is None:
        return None
    await queries.touch_session(session, found[0], client_address(request), now)
    caller = principal_of(found[1], found[0], settings.accounts, now=now, four_eyes=settings.service.four_eyes)
    return SignedIn(token, found[1], found[0], caller)


def principal_of(
    account: Account, session: AccountSession | None, settings: AccountSettings, *, now: datetime, four_eyes: bool
) -> Principal:
    """Return an account as a caller; without a session it is one whose request a second administrator has just approved."""
    confirmed = session is None or (
        session.confirmed_at is not None and now - session.confirmed_at < timedelta(minutes=settings.confirm_minutes)
    )
    return Principal(
        account.id,
        Role(account.role),
        Scope(None if account.agencies is None else frozenset(map(UUID, account.agencies))),
        session_id=session.id if session else None,
        account_id=account.id,
        confirmed=confirmed,
        four_eyes=four_eyes,
    )
