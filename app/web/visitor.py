"""Who looks at a page: the login behind the cookie, and whether a form came from a page of ours."""

import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Form, Request

from app.core.db import Database
from app.core.errors import ForeignRequest, NotAuthenticated
from app.core.http import SessionDep, SettingsDep, resources
from app.core.principal import Principal
from app.identity.edge import csrf_token, live_login, person_principal, session_cookie
from app.identity.kiosk import edge as kiosk
from app.identity.models import LoginSession


@dataclass(frozen=True)
class Visitor:
    """A signed-in browser: its cookie's token and login session. `settled` once a way to sign in was chosen."""

    token: str
    login: LoginSession

    @property
    def csrf(self) -> str:
        """The token forms and scripts of our pages send back."""
        return csrf_token(self.token)

    @property
    def settled(self) -> bool:
        """Whether the activation is over."""
        return self.login.activation_id is None

    @property
    def principal(self) -> Principal:
        """The caller as services want it; never made for somebody whose activation is not over."""
        if not self.settled:
            raise NotAuthenticated
        return person_principal(self.login)

    @property
    def at_kiosk(self) -> bool:
        """Whether the browser is the tablet of an assembly."""
        return self.login.kiosk_id is not None


async def find_newcomer(request: Request, session: SessionDep) -> Visitor | None:
    """Return whoever has a live login, also in the middle of an activation."""
    token = session_cookie(request)
    login = await live_login(request, session, token) if token else None
    return Visitor(token, login) if token and login else None


NewcomerDep = Annotated[Visitor | None, Depends(find_newcomer)]


async def find_visitor(newcomer: NewcomerDep) -> Visitor | None:
    """Return whoever is fully signed in."""
    return newcomer if newcomer and newcomer.settled else None


MaybeVisitorDep = Annotated[Visitor | None, Depends(find_visitor)]


async def get_newcomer(newcomer: NewcomerDep) -> Visitor:
    """Return whoever has a live login; a stranger is refused."""
    if newcomer is None:
        raise NotAuthenticated
    return newcomer


async def get_visitor(visitor: MaybeVisitorDep) -> Visitor:
    """Return whoever is fully signed in; a stranger is refused."""
    if visitor is None:
        raise NotAuthenticated
    return visitor


def require_own_form(visitor: Visitor, given: str) -> None:
    """Raise `ForeignRequest` unless the form carries the visitor's token."""
    if not hmac.compare_digest(given.encode(), visitor.csrf.encode()):
        raise ForeignRequest


async def get_form_newcomer(
    visitor: Annotated[Visitor, Depends(get_newcomer)], csrf: Annotated[str, Form(max_length=200)] = ""
) -> Visitor:
    """Return whoever sent a form of ours."""
    require_own_form(visitor, csrf)
    return visitor


async def get_form_visitor(
    visitor: Annotated[Visitor, Depends(get_visitor)], csrf: Annotated[str, Form(max_length=200)] = ""
) -> Visitor:
    """Return whoever is fully signed in and sent a form of ours."""
    require_own_form(visitor, csrf)
    return visitor


async def get_brief_form_visitor(request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> Visitor:
    """Return whoever sent a form of ours, from a transaction of its own: none is held while a service far away is asked."""
    async with resources(request).get(Database).transaction() as session:
        visitor = await get_visitor(await find_visitor(await find_newcomer(request, session)))
    require_own_form(visitor, csrf)
    return visitor


async def require_own_origin(request: Request, settings: SettingsDep) -> None:
    """Refuse a stranger's form from another site, so that nobody is signed in as somebody else.

    Our own pages send no referrer, and browsers then call the origin of a form "null"; where a browser tells the relation
    of the sites (Fetch Metadata) that decides.
    """
    relation = request.headers.get("sec-fetch-site")
    if relation is not None:
        if relation != "same-origin":
            raise ForeignRequest
        return
    origin = request.headers.get("origin")
    parts = urlsplit(settings.service.base_url)
    if origin not in {None, "null", f"{parts.scheme}://{parts.netloc}"}:
        raise ForeignRequest


async def refuse_kiosk(request: Request) -> None:
    """Send the tablet of an assembly to its own pages: signed in by any other, somebody would stay signed in."""
    if kiosk.token_of(request) is not None:
        raise NotAuthenticated


BriefFormVisitorDep = Annotated[Visitor, Depends(get_brief_form_visitor)]
NotAtKiosk = Depends(refuse_kiosk)
VisitorDep = Annotated[Visitor, Depends(get_visitor)]
SettlingDep = Annotated[Visitor, Depends(get_newcomer)]
FormVisitorDep = Annotated[Visitor, Depends(get_form_visitor)]
FormNewcomerDep = Annotated[Visitor, Depends(get_form_newcomer)]
OwnOrigin = Depends(require_own_origin)
