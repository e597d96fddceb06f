"""The agency's sign-on as a server: its metadata (OpenID Connect Discovery 1.0), its keys (RFC 7517), its token endpoint."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.core.oidc_settings import OidcSettings
from app.identity.errors import OidcRefused, OidcUnavailable

METADATA_SECONDS = 3600.0
KEYS_PAUSE = 10.0  # an unknown key makes us look again, but nobody makes us ask without end
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the provider says of itself."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_itself: bool  # in every authorization response: RFC 9207
    posts_secret: bool  # knows client_secret_post alone


class OidcProvider:
    """The provider of the settings; metadata are kept an hour, keys until a token names one that is not among them."""

    def __init__(self, settings: OidcSettings, *, timer: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._timer = timer
        self._metadata: tuple[Metadata, float] | None = None
        self._keys: tuple[KeySet, float] | None = None

    async def metadata(self) -> Metadata:
        """Return the metadata; raises `OidcUnavailable`."""
        if self._metadata is not None and self._timer() - self._metadata[1] < METADATA_SECONDS:
            return self._metadata[0]
        address = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = await self._get(address)
        if found.get("issuer") != self.settings.issuer:  # Discovery §4.3: exactly
            raise OidcUnavailable(reason="issuer")
        endpoints = [found.get(name) for name in _ENDPOINTS]
        if not all(isinstance(one, str) and self._is_safe(one) for one in endpoints):
            raise OidcUnavailable(reason="metadata")
        methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        authorization, token, keys = map(str, endpoints)
        read = Metadata(
            authorization_endpoint=authorization,
            token_endpoint=token,
            jwks_uri=keys,
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
            posts_secret="client_secret_basic" not in methods and "client_secret_post" in methods,
        )
        self._metadata = (read, self._timer())
        return read

    async def keys(self, kid: str | None) -> KeySet:
        """Return the provider's keys, fetched anew when none is called `kid`: that is how keys are rotated."""
        if self._keys is not None:
            known, at = self._keys
            if any(key.kid == kid for key in known.keys) or self._timer() - at < KEYS_PAUSE:
                return known
        found = await self._get((await self.metadata()).jwks_uri)
        try:
            # Only public signature keys: a symmetric one in a public document would let anybody sign (RFC 8725 §2.1).
            usable = [key for key in found["keys"] if key.get("kty") != "oct" and key.get("use", "sig") == "sig"]
            read = KeySet.import_key_set({"keys": usable})
        except (JoseError, KeyError, TypeError, ValueError, AttributeError):
            raise OidcUnavailable(reason="keys") from None
        self._keys = (read, self._timer())
        return read

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> str:
        """Exchange an authorization code for the ID token (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
        metadata, secret = await self.metadata(), self.settings.client_secret.get_secret_value()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        basic: httpx.Auth = httpx.Auth()
        if secret and not metadata.posts_secret:
            basic = httpx.BasicAuth(_encoded(self.settings.client_id), _encoded(secret))
        else:
            form |= {"client_id": self.settings.client_id} | ({"client_secret": secret} if secret else {})
        try:
            async with httpx.AsyncClient(timeout=self.settings.seconds) as client:
                reply = await client.post(metadata.token_endpoint, data=form, auth=basic)
                told = reply.json()
        except (httpx.HTTPError, ValueError):
            raise OidcUnavailable(reason="token_endpoint") from None
        if reply.status_code >= 500:
            raise OidcUnavailable(reason="token_endpoint")
        if reply.status_code != 200 or not isinstance(told, dict) or not isinstance(told.get("id_token"), str):
            raise OidcRefused(reason="code")
        return str(told["id_token"])

    async def _get(self, address: str) -> dict[str, Any]:
        if not self._is_safe(address):
            raise OidcUnavailable(reason="address")
        try:
            async with httpx.AsyncClient(timeout=self.settings.seconds) as client:
                found = (await client.get(address)).raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            raise OidcUnavailable(reason="unreachable") from None
        if not isinstance(found, dict):
            raise OidcUnavailable(reason="metadata")
        return found

    @staticmethod
    def _is_safe(address: str) -> bool:
        """TLS, except to this machine itself."""
        parts = urlsplit(address)
        return parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}
        )


def _encoded(value: str) -> str:
    """Client id and secret are form-encoded before they go into Basic (RFC 6749 §2.3.1)."""
    return str(httpx.QueryParams({"v": value})).removeprefix("v=")
