"""Judge what the agency's sign-on signed: ID tokens (OpenID Connect Core 1.0 §3.1.3.7) and logout tokens (Back-Channel Logout 1.0 §2.6)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from app.core.oidc_settings import OidcSettings
from app.identity.errors import OidcRefused
from app.identity.oidc.provider import OidcProvider

NEVER = ("none", "HS256", "HS384", "HS512")
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TYP = "logout+jwt"
LOGOUT_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom an ID token vouches for: the subject and session at the provider, and the claim that names the person."""

    subject: str
    session: str | None
    person: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Which logins a logout token ends: those of a session, or all of a subject, made up to `at`."""

    subject: str | None
    session: str | None
    at: datetime


async def read_id_token(provider: OidcProvider, token: str, nonce: str, *, now: datetime) -> Vouched:
    """Return whom an ID token vouches for; raises `OidcRefused` with the check that failed."""
    settings = provider.settings
    claims, typ = await _verified(provider, token)
    if typ == LOGOUT_TYP:
        raise OidcRefused(reason="typ")
    _require_issued(claims, settings, now, expiry=True)
    if settings.acr and claims.get("acr") not in settings.acr.split():
        raise OidcRefused(reason="acr")
    if claims.get("nonce") != nonce:
        raise OidcRefused(reason="nonce")
    subject, session = claims.get("sub"), claims.get("sid")
    if not isinstance(subject, str) or not subject:
        raise OidcRefused(reason="sub")
    person = claims.get(settings.person_claim)
    return Vouched(subject, session if isinstance(session, str) else None, str(person) if person is not None else "")


async def read_logout_token(provider: OidcProvider, token: str, *, now: datetime) -> Ended:
    """Return what a logout token ends; raises `OidcRefused`.

    It is not remembered: read again it ends the same logins, never one made after it.
    """
    claims, typ = await _verified(provider, token)
    if provider.settings.logout_typ and typ != provider.settings.logout_typ.lower():
        raise OidcRefused(reason="typ")
    _require_issued(claims, provider.settings, now, expiry=False)
    if now - _instant(claims, "iat") > LOGOUT_LIFE:
        raise OidcRefused(reason="iat")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise OidcRefused(reason="events")
    if "nonce" in claims:  # an ID token must not pass for a logout token
        raise OidcRefused(reason="nonce")
    subject, session = claims.get("sub"), claims.get("sid")
    if not all(one is None or isinstance(one, str) for one in (subject, session)) or not (subject or session):
        raise OidcRefused(reason="sub")
    skew = timedelta(seconds=provider.settings.skew_seconds)
    return Ended(subject, session, _instant(claims, "iat") + skew)


async def _verified(provider: OidcProvider, token: str) -> tuple[dict[str, Any], str]:
    """The claims of a signed token and its type (RFC 8725 §3.11): an algorithm of the list (§3.1), a key of the provider."""
    allowed = [name for name in provider.settings.algorithms.split() if name not in NEVER]
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, UnicodeEncodeError):
        raise OidcRefused(reason="form") from None
    if header.get("alg") not in allowed:
        raise OidcRefused(reason="alg")
    kid = header.get("kid")
    keys = await provider.keys(kid if isinstance(kid, str) else None)
    try:
        read = jwt.decode(token, keys, algorithms=allowed)
    except (JoseError, ValueError, TypeError, json.JSONDecodeError):
        raise OidcRefused(reason="signature") from None
    return dict(read.claims), str(header.get("typ", "")).lower().removeprefix("application/")


def _require_issued(claims: dict[str, Any], settings: OidcSettings, now: datetime, *, expiry: bool) -> None:
    """By whom, for whom, when."""
    skew = timedelta(seconds=settings.skew_seconds)
    if claims.get("iss") != settings.issuer:
        raise OidcRefused(reason="iss")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if settings.client_id not in named:
        raise OidcRefused(reason="aud")
    if (len(named) > 1 and "azp" not in claims) or claims.get("azp", settings.client_id) != settings.client_id:
        raise OidcRefused(reason="azp")
    if (expiry or "exp" in claims) and _instant(claims, "exp") + skew <= now:
        raise OidcRefused(reason="exp")
    if _instant(claims, "iat") - skew > now:
        raise OidcRefused(reason="iat")
    if "nbf" in claims and _instant(claims, "nbf") - skew > now:
        raise OidcRefused(reason="nbf")


def _instant(claims: dict[str, Any], name: str) -> datetime:
    """A NumericDate (RFC 7519 §2)."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise OidcRefused(reason=name)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise OidcRefused(reason=name) from None
