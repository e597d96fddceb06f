"""Passkeys (W3C WebAuthn level 3): registration, and assertions over a challenge the caller chose."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, structs
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException

from app.core.db import Session
from app.core.settings import ServiceSettings
from app.identity import queries
from app.identity.errors import PasskeyRefused, PasskeyUnknown
from app.identity.models import Passkey

ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]

_PROOF = ("clientDataJSON", "authenticatorData", "signature")  # all that is needed to check an assertion again


@dataclass(frozen=True)
class RelyingParty:
    """Who asks for the passkey: the host name people see, and the origin their browser is at."""

    id: str
    origin: str
    name: str

    @classmethod
    def of(cls, settings: ServiceSettings) -> "RelyingParty":
        """Derive it from the address people reach the service at."""
        parts = urlsplit(settings.base_url)
        return cls(parts.hostname or "localhost", f"{parts.scheme}://{parts.netloc}", f"Pakta {settings.institution}")


@dataclass(frozen=True)
class Assertion:
    """What an assertion proved, for the evidence: whose key, and the signed bytes themselves."""

    credential_id: bytes
    public_key: bytes
    response: dict[str, Any]


def registration_options(
    party: RelyingParty, employee_id: UUID, name: str, known: list[Passkey]
) -> tuple[dict[str, Any], bytes]:
    """Return creation options as JSON for the browser, and the challenge to remember."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=employee_id.bytes,
        user_name=name,
        user_display_name=name,
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=k.credential_id) for k in known],
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        supported_pub_key_algs=ALGORITHMS,
    )
    return json.loads(webauthn.options_to_json(options)), options.challenge


def verify_registration(
    party: RelyingParty, employee_id: UUID, credential: dict[str, Any], challenge: bytes, now: datetime
) -> Passkey:
    """Return the passkey of a registration answer; raises `PasskeyRefused`."""
    try:
        seen = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyRefused(reason=type(error).__name__) from error
    return Passkey(
        credential_id=seen.credential_id,
        employee_id=employee_id,
        public_key=seen.credential_public_key,
        sign_count=seen.sign_count,
        created_at=now,
    )


async def verify_assertion(
    session: Session, party: RelyingParty, credential: dict[str, Any], challenge: bytes, *, employee_id: UUID | None
) -> tuple[Passkey, Assertion]:
    """Check an assertion with user verification over exactly this challenge; keep the counter.

    `employee_id` restricts it to one person's passkeys; None accepts whoever it is (login). Raises `PasskeyUnknown`,
    `PasskeyRefused`.
    """
    try:
        raw_id = base64url_to_bytes(credential["rawId"])
    except (KeyError, TypeError, ValueError):
        raise PasskeyUnknown from None
    stored = await queries.find_passkey(session, raw_id)
    if stored is None or (employee_id is not None and stored.employee_id != employee_id):
        raise PasskeyUnknown
    try:
        seen = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=stored.public_key,
            credential_current_sign_count=stored.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyRefused(reason=type(error).__name__) from error
    stored.sign_count = seen.new_sign_count
    # Written anew, not passed on: a browser may add anything to its answer, and what we keep must be what was checked.
    proof = {name: bytes_to_base64url(base64url_to_bytes(credential["response"][name])) for name in _PROOF}
    return stored, Assertion(raw_id, stored.public_key, proof)
