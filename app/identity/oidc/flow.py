"""The authorization code flow with PKCE (RFC 7636), state, nonce and the issuer's name in the answer (RFC 9207).

What belongs to a sign-in under way travels in a cookie of that browser, sealed with AES-256-GCM under a key made from the master key
(HKDF, RFC 5869), for ten minutes: nothing is stored, and an answer that comes to another browser opens nothing (RFC 9700 §4.7).
"""

import base64
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from urllib.parse import urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.secrets import master_key
from app.core.settings import StorageSettings
from app.identity.errors import OidcRefused
from app.identity.oidc.claims import Vouched, read_id_token
from app.identity.oidc.provider import OidcProvider

LIFE = timedelta(minutes=10)
_PURPOSE = b"pakta.oidc.v1"
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in under way."""

    state: str
    nonce: str
    verifier: str
    onward: str
    ends: int
    shared: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider sent back by way of the browser (RFC 6749 §4.1.2, RFC 9207 §2)."""

    code: str = ""
    state: str = ""
    iss: str = ""
    error: str = ""


async def begin(
    provider: OidcProvider,
    storage: StorageSettings,
    redirect_uri: str,
    onward: str,
    *,
    shared: bool = False,
    now: datetime,
) -> tuple[str, str]:
    """Return the provider's address to go to, and the sealed cookie to come back with."""
    metadata, settings = await provider.metadata(), provider.settings
    pending = Pending(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        onward=onward,
        ends=int((now + LIFE).timestamp()),
        shared=shared,
    )
    challenge = base64.urlsafe_b64encode(sha256(pending.verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": settings.scopes,
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if settings.acr:
        asked["acr_values"] = settings.acr
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}", _seal(storage, pending)


async def complete(
    provider: OidcProvider, storage: StorageSettings, cookie: str, answer: Answer, redirect_uri: str, *, now: datetime
) -> tuple[Vouched, str, bool]:
    """Return whom the provider vouches for, where to go on, and whether the computer is shared; raises `OidcRefused` with the check that failed.

    Order: the browser that began, the state, the issuer, the provider's own refusal, the code, the token.
    """
    pending = _unseal(storage, cookie)
    if pending is None or now.timestamp() >= pending.ends:
        raise OidcRefused(reason="browser")
    if not hmac.compare_digest(answer.state.encode(), pending.state.encode()):
        raise OidcRefused(reason="state")
    metadata = await provider.metadata()
    if (answer.iss or metadata.names_itself) and answer.iss != provider.settings.issuer:
        raise OidcRefused(reason="iss")
    if answer.error or not answer.code:
        raise OidcRefused(reason="denied")
    token = await provider.redeem(answer.code, pending.verifier, redirect_uri)
    return await read_id_token(provider, token, pending.nonce, now=now), pending.onward, pending.shared


def _seal(storage: StorageSettings, pending: Pending) -> str:
    nonce = os.urandom(_NONCE)
    told = [pending.state, pending.nonce, pending.verifier, pending.onward, pending.ends, pending.shared]
    sealed = AESGCM(_key(storage)).encrypt(nonce, json.dumps(told).encode(), _PURPOSE)
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def _unseal(storage: StorageSettings, cookie: str) -> Pending | None:
    try:
        data = base64.b64decode(cookie, altchars=b"-_", validate=True)
        return Pending(*json.loads(AESGCM(_key(storage)).decrypt(data[:_NONCE], data[_NONCE:], _PURPOSE)))
    except (InvalidTag, TypeError, ValueError):
        return None


@cache
def _key(storage: StorageSettings) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(master_key(storage))
