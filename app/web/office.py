"""How offices come in: an account's session (app/identity/accounts), or an API token, entered once and kept encrypted in a cookie.

The token's cookie holds the token under AES-256-GCM with a key made from the master key (HKDF, RFC 5869), together with the instant it ends at:
whoever takes the cookie has neither the token nor more time. What the token may do is asked of `identity` on every request, so a token
that was revoked opens nothing from then on.
"""

import base64
import binascii
import hmac
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Depends, Form, Request, Response

from app.core.db import Database, Session
from app.core.errors import ConfirmationNeeded, ForeignRequest, NotAuthenticated
from app.core.http import Authenticator, ClockDep, SessionDep, SettingsDep, resources
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.secrets import master_key
from app.core.settings import ServiceSettings, StorageSettings
from app.identity.accounts.models import Account
from app.identity.edge import csrf_token, find_account
from app.signing.providers.registry import Providers
from app.signing.remote.scans import PROVIDER

LIFE = timedelta(hours=10)
_PURPOSE = b"pakta.office.v1"
_NONCE = 12


@dataclass(frozen=True)
class Office:
    """Whoever came in with an account or a token: the caller as services want it, the cookie, and the account if it is one.

    `paper` and `elsewhere`: whether pledges are signed on paper, or through services elsewhere, so that there is something to see of it.
    """

    principal: Principal
    cookie: str
    account: Account | None = None
    paper: bool = False
    elsewhere: bool = False

    @property
    def sees_people(self) -> bool:
        """Whether names are for this caller's eyes."""
        return self.principal.may(Permission.OBLIGATION_READ)

    @property
    def sees_reasons(self) -> bool:
        """Whether why somebody declined is for this caller's eyes, as over the API: whoever looks after the agency's people."""
        return self.principal.may(Permission.NIP_READ)

    @property
    def csrf(self) -> str:
        """The token forms and scripts of our pages send back."""
        return csrf_token(self.cookie)

    @property
    def links(self) -> list[tuple[str, str]]:
        """Where the caller may go besides the figures: addresses and the keys of their words."""
        everything, may = self.principal.scope.everything, self.principal.may
        places = (
            ("/kantor/akun", "office.nav.accounts", everything and may(Permission.ACCOUNT_READ)),
            ("/kantor/aktivasi", "office.nav.activations", may(Permission.ACTIVATION_READ)),
            ("/kantor/pindaian", "office.nav.scans", self.paper and may(Permission.SCAN_WRITE)),
            (
                "/kantor/belum-pasti",
                "office.nav.uncertain",
                self.elsewhere and everything and may(Permission.REMOTE_DECIDE),
            ),
            ("/kantor/kunci", "office.nav.keys", may(Permission.KEY_READ)),
            ("/kantor/persetujuan", "office.nav.approvals", everything and may(Permission.APPROVAL_DECIDE)),
            ("/kantor/riwayat", "office.nav.history", everything and may(Permission.ACCESS_READ)),
            ("/kantor/sesi", "office.nav.sessions", self.account is not None),
        )
        return [(path, key) for path, key, open_ in places if open_]

    def require_confirmed(self, permission: Permission) -> None:
        """Raise `ConfirmationNeeded` before a form is filled in that would be refused when it is sent."""
        if self.principal.may(permission) and not self.principal.confirmed:
            raise ConfirmationNeeded(permission=permission.value)


def cookie_name(settings: ServiceSettings) -> str:
    """`__Host-` binds the cookie to this host and TLS (RFC 6265bis)."""
    return "__Host-pakta-office" if settings.secure else "pakta-office"


def seal(storage: StorageSettings, token: str, now: datetime) -> str:
    """Return the cookie's value for a token, good for ten hours."""
    nonce = os.urandom(_NONCE)
    ends = int((now + LIFE).timestamp())
    sealed = AESGCM(_key(storage)).encrypt(nonce, f"{ends} {token}".encode(), _PURPOSE)
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(storage: StorageSettings, value: str, now: datetime) -> str | None:
    """Return the token of a cookie's value; None for one that is not ours or has ended."""
    try:
        data = base64.b64decode(value, altchars=b"-_", validate=True)
        opened = AESGCM(_key(storage)).decrypt(data[:_NONCE], data[_NONCE:], _PURPOSE).decode()
    except (binascii.Error, InvalidTag, ValueError):
        return None
    ends, _, token = opened.partition(" ")
    return token if now.timestamp() < int(ends) else None


@cache
def _key(storage: StorageSettings) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(master_key(storage))


async def caller_of(request: Request, session: Session, token: str) -> Principal | None:
    """Return who a token is, by identity's own check: the token is shown to it as a program shows it."""
    authenticate: Authenticator = resources(request).get(Authenticator)  # type: ignore[type-abstract]
    shown = [(b"authorization", f"Bearer {token}".encode("latin-1", "replace"))]
    found = await authenticate(Request(dict(request.scope) | {"headers": shown}), session)
    return found if found is not None and found.may(Permission.COMPLIANCE_READ) else None


async def find_office(request: Request, session: SessionDep, clock: ClockDep, settings: SettingsDep) -> Office | None:
    """Return whoever came in, with an account before a token."""
    signed_in = await find_account(request, session)
    ways = resources(request).get(Providers).traits
    paper, elsewhere = any(way.name == PROVIDER for way in ways), any(way.remote for way in ways)
    if signed_in is not None:
        return Office(signed_in.principal, signed_in.token, signed_in.account, paper, elsewhere)
    value = request.cookies.get(cookie_name(settings.service), "")
    token = unseal(settings.storage, value, clock.now()) if value else None
    found = await caller_of(request, session, token) if token else None
    return Office(found, value, None, paper, elsewhere) if found else None


MaybeOfficeDep = Annotated[Office | None, Depends(find_office)]


async def get_office(office: MaybeOfficeDep) -> Office:
    """Return whoever came in; a stranger is shown the way in."""
    if office is None:
        raise NotAuthenticated
    return office


async def get_form_office(
    office: Annotated[Office, Depends(get_office)], csrf: Annotated[str, Form(max_length=200)] = ""
) -> Office:
    """Return whoever sent a form of ours; raises `ForeignRequest` unless it carries the caller's token."""
    if not hmac.compare_digest(csrf.encode(), office.csrf.encode()):
        raise ForeignRequest
    return office


async def get_brief_form_office(
    request: Request, clock: ClockDep, settings: SettingsDep, csrf: Annotated[str, Form(max_length=200)] = ""
) -> Office:
    """Return whoever sent a form of ours, from a transaction of its own: none is held while a service far away is asked."""
    async with resources(request).get(Database).transaction() as session:
        return await get_form_office(await get_office(await find_office(request, session, clock, settings)), csrf)


BriefFormOfficeDep = Annotated[Office, Depends(get_brief_form_office)]
OfficeDep = Annotated[Office, Depends(get_office)]
FormOfficeDep = Annotated[Office, Depends(get_form_office)]


def set_cookie(response: Response, settings: ServiceSettings, value: str) -> None:
    """Hand the cookie out: out of reach of scripts and of other sites, links from them included."""
    response.set_cookie(
        cookie_name(settings),
        value,
        httponly=True,
        secure=settings.secure,
        samesite="strict",
        path="/",
        max_age=int(LIFE.total_seconds()),
    )
