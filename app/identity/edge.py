"""From a request to a principal: bearer token, or session cookie with its CSRF token."""

import hmac
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from app.core.clock import Clock
from app.core.confinement import confine
from app.core.db import Session
from app.core.errors import ForeignRequest, NotAuthenticated
from app.core.http import SAFE_METHODS, SessionDep, client_address, resources
from app.core.limits import Limits
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.problems import CALLER
from app.core.secrets import token_hash
from app.core.settings import ServiceSettings, Settings
from app.identity import queries, service
from app.identity.accounts.cookie import SignedIn, account_cookie, find_signed_in
from app.identity.models import LoginSession
from app.identity.passkey import RelyingParty
from app.identity.stay.queries import touch
from app.identity.tokens.form import is_well_formed
from app.identity.tokens.use import TokenUses

CSRF_HEADER = "x-csrf-token"


def cookie_name(settings: ServiceSettings) -> str:
    """`__Host-` (RFC 6265bis) binds the cookie to this host and TLS; browsers refuse it on plain http."""
    return "__Host-pakta" if settings.secure else "pakta"


def csrf_token(cookie: str) -> str:
    """The token a page sends back with every change: derived from the cookie, so nothing more is stored."""
    return hmac.new(cookie.encode(), b"pakta.csrf.v1", "sha256").hexdigest()


def set_cookie(response: Response, settings: ServiceSettings, login: service.Login) -> None:
    """Hand the login's token to the browser, out of reach of scripts and other sites."""
    response.set_cookie(
        cookie_name(settings),
        login.token,
        httponly=True,
        secure=settings.secure,
        samesite="lax",
        path="/",
        expires=login.session.expires_at.astimezone(UTC),
    )


def session_cookie(request: Request) -> str | None:
    """Return the session cookie's token."""
    return request.cookies.get(cookie_name(resources(request).get(Settings).service))


def require_own_page(request: Request, cookie: str) -> None:
    """Raise `ForeignRequest` for a change that comes with the cookie but not from a page of ours."""
    if request.method in SAFE_METHODS:
        return
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), csrf_token(cookie).encode()):
        raise ForeignRequest


async def authenticate(request: Request, session: Session) -> Principal | None:
    """The `Authenticator` of every route: whoever is found, the transaction sees no more than they may from here on.

    Raises `TooManyRequests` for a person or a token that asks too fast.
    """
    found = await _find_principal(request, session)
    if found is not None:
        request.scope.setdefault("state", {})[CALLER] = str(found.id)
        limits = resources(request).get(Limits)
        (limits.token if found.session_id is None else limits.person).spend(request, str(found.id))
        if found.employee_id is None:  # a person's transaction was confined by the statement that found the login
            await confine(session, found)
    return found


async def _find_principal(request: Request, session: Session) -> Principal | None:
    now = resources(request).get(Clock).now()  # type: ignore[type-abstract]
    header = request.headers.get("authorization", "")
    if header:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not is_well_formed(token.strip()):
            return None
        digest = token_hash(token.strip())
        four_eyes = resources(request).get(Settings).service.four_eyes
        principal = _token_principal(await queries.find_token(session, digest), digest, now, four_eyes=four_eyes)
        if principal is not None:
            await resources(request).get(TokenUses).note(session, principal.id, now)
        return principal
    cookie = session_cookie(request)
    if cookie is not None and not _from_account_page(request):
        login = await live_login(request, session, cookie)
        if login is not None and login.activation_id is None:
            require_own_page(request, cookie)
            return person_principal(login)
    signed_in = await find_signed_in(request, session)
    if signed_in is None:
        return None
    require_own_page(request, signed_in.token)
    return signed_in.principal


async def live_login(request: Request, session: Session, cookie: str) -> LoginSession | None:
    """Return the live login of a cookie, and note that it was seen."""
    held = resources(request)
    now = held.get(Clock).now()  # type: ignore[type-abstract]
    found = await service.find_login(session, cookie, held.get(Settings).sessions, now=now)
    if found is not None:
        await touch(session, found, client_address(request), now)
    return found


def person_principal(login: LoginSession) -> Principal:
    """Return a person who is signed in as a caller."""
    person = login.employee_id
    return Principal(person, Role.ASN, Scope(frozenset()), person, login.id, kiosk_id=login.kiosk_id)


async def is_live(request: Request, session: Session) -> bool:
    """Whether a request's token or cookie opens anything at all; looked at apart from what it asks for, counted as no use of it."""
    now = resources(request).get(Clock).now()  # type: ignore[type-abstract]
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        digest = token_hash(token.strip())
        return _token_principal(await queries.find_token(session, digest), digest, now, four_eyes=False) is not None
    cookie = session_cookie(request)
    lasting = resources(request).get(Settings).sessions
    if cookie is not None and await service.find_login(session, cookie, lasting, now=now) is not None:
        return True
    return await find_signed_in(request, session) is not None


def _from_account_page(request: Request) -> bool:
    """Whether, of a browser that is signed in as a person and to an account, a page of the account asks."""
    account, given = account_cookie(request), request.headers.get(CSRF_HEADER, "")
    return account is not None and hmac.compare_digest(given.encode(), csrf_token(account).encode())


async def find_account(request: Request, session: Session) -> SignedIn | None:
    """Return who is behind the account cookie, for pages: limited and confined as `authenticate` does it; forms bring their own token."""
    found = await find_signed_in(request, session)
    if found is not None:
        resources(request).get(Limits).person.spend(request, str(found.account.id))
        await confine(session, found.principal)
    return found


def _token_principal(
    token: queries.FoundToken | None, digest: bytes, now: datetime, *, four_eyes: bool
) -> Principal | None:
    if token is None or token.revoked_at or token.expires_at < now:
        return None
    if token.token_hash != digest and (token.previous_until is None or token.previous_until < now):
        return None  # the secret before a rotation, after the overlap
    scope = Scope(None if token.agencies is None else frozenset(map(UUID, token.agencies)))
    return Principal(token.id, Role(token.role), scope, four_eyes=four_eyes)


async def get_login(request: Request, session: SessionDep) -> LoginSession:
    """Return the caller's login session, an onboarding one included."""
    cookie = session_cookie(request)
    login = await live_login(request, session, cookie) if cookie else None
    if cookie is None or login is None:
        raise NotAuthenticated
    require_own_page(request, cookie)
    return login


async def get_party(request: Request) -> RelyingParty:
    """Return the WebAuthn relying party."""
    return RelyingParty.of(resources(request).get(Settings).service)


LoginDep = Annotated[LoginSession, Depends(get_login)]
PartyDep = Annotated[RelyingParty, Depends(get_party)]
