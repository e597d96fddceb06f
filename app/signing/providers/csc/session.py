"""What both versions of the CSC API share: the application's login, its errors, and a credential's certificates.

Cloud Signature Consortium, "Architectures and protocols for remote signature applications", 1.0.4.0 clauses 8 to 11 and 2.0 clause 11.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from app.core.signing_settings import CscSettings
from app.signing.providers.errors import (
    CallRefused,
    OutcomeUnknown,
    PassphraseWrong,
    ProviderLoginRefused,
    ProviderUnavailable,
    SignerNotRegistered,
    SignerState,
    SignerWithoutCertificate,
)
from app.signing.providers.wire import Reply, Wire

SHA256 = "2.16.840.1.101.3.4.2.1"
ECDSA_WITH_SHA256, RSA_WITH_SHA256 = "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11"
_SECRETS = frozenset({"invalid_pin", "invalid_otp", "pin_invalid", "otp_invalid"})
_WORDS = frozenset({"access_denied", "invalid_request", "unsupported_grant_type", "expired_sad", "credential_locked"})


class CscSession:
    """One conversation with the service, logged in as this application."""

    def __init__(self, settings: CscSettings, version: str) -> None:
        self._wire = Wire(
            settings.base_url,
            connect_seconds=settings.connect_seconds,
            seconds=settings.seconds,
            tls_verify=settings.tls_verify,
            tls_ca=settings.tls_ca,
        )
        self._basic = (settings.username, settings.password.get_secret_value())
        self._base = f"/csc/{version}"

    async def login(self) -> dict[str, str]:
        """Return the header of an access token (`auth/login`, HTTP Basic)."""
        reply = await self._wire.ask("POST", f"{self._base}/auth/login", basic=self._basic, json={"rememberMe": False})
        token = (reply.data or {}).get("access_token")
        if reply.status in {400, 401, 403}:
            raise ProviderLoginRefused
        if reply.status != 200 or not isinstance(token, str):
            raise ProviderUnavailable(reason=_seen(reply))
        return {"authorization": f"Bearer {token}"}

    async def ask(self, path: str, bearer: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        """A call that signs nothing."""
        reply = await self._wire.ask("POST", f"{self._base}/{path}", headers=bearer, json=body)
        return _answered(reply, signing=False)

    async def commission(self, path: str, bearer: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        """A call that signs."""
        reply = await self._wire.commission("POST", f"{self._base}/{path}", headers=bearer, json=body)
        return _answered(reply, signing=True)


def _answered(reply: Reply, *, signing: bool) -> dict[str, Any]:
    if reply.status == 401:
        raise ProviderLoginRefused
    if reply.status == 200 and reply.data is not None:
        return reply.data
    word = str((reply.data or {}).get("error", "")).lower()
    if word in _SECRETS:
        raise PassphraseWrong
    if reply.data is not None and 400 <= reply.status < 500:
        raise CallRefused(status=reply.status, detail=word if word in _WORDS else "")
    if signing:
        raise OutcomeUnknown(reason=_seen(reply))
    raise ProviderUnavailable(reason=_seen(reply))


def _seen(reply: Reply) -> str:
    if reply.status != 200:
        return f"http_{reply.status}"
    return "html" if reply.kind == "text/html" else "shape"


def credential_of(answer: dict[str, Any]) -> str:
    """The first credential of `credentials/list`; raises `SignerNotRegistered`."""
    found = answer.get("credentialIDs")
    if not isinstance(found, list) or not found or not isinstance(found[0], str):
        raise SignerNotRegistered
    return found[0]


def certificates_of(answer: dict[str, Any], at: datetime) -> tuple[bytes, ...]:
    """Certificate and chain (DER) of `credentials/info`, if key and certificate are in force."""
    key, owner = answer.get("key"), answer.get("cert")
    if not isinstance(key, dict) or not isinstance(owner, dict):
        raise ProviderUnavailable(reason="shape")
    if key.get("status") != "enabled":
        raise SignerState(state="DISABLED")
    try:
        chain = tuple(base64.b64decode(one, validate=True) for one in owner.get("certificates", []))
        parsed = x509.load_der_x509_certificate(chain[0]) if chain else None
    except (binascii.Error, TypeError, ValueError):
        raise ProviderUnavailable(reason="shape") from None
    when = at.astimezone(UTC)
    if (
        parsed is None
        or owner.get("status", "valid") != "valid"
        or not parsed.not_valid_before_utc <= when <= parsed.not_valid_after_utc
    ):
        raise SignerWithoutCertificate
    return chain


def signatures_of(answer: dict[str, Any], count: int) -> list[bytes]:
    """The signatures in the order of the hashes; anything else is an end nobody understands."""
    found = answer.get("signatures")
    if not isinstance(found, list) or len(found) != count:
        raise OutcomeUnknown(reason="shape")
    try:
        return [base64.b64decode(one, validate=True) for one in found]
    except (binascii.Error, TypeError, ValueError):
        raise OutcomeUnknown(reason="shape") from None
