"""Passkeys (W3C WebAuthn level 3): registration, and assertions over a challenge the caller chose."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_client_data_json, structs
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


class StoredKey(Protocol):
    """What is kept of a passkey, whoever's it is: a person's or an account's."""

    credential_id: Any
    public_key: Any
    sign_count: Any


@dataclass(frozen=True)
class NewKey:
    """What a registration proved: id, public key (COSE, RFC 9052) and counter of a new passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def registration_options(
    party: RelyingParty,
    user_id: UUID,
    name: str,
    known: Sequence[StoredKey],
    *,
    label: str | None = None,
    discoverable: bool = False,
) -> tuple[dict[str, Any], bytes]:
    """Return creation options as JSON for the browser, and the challenge to remember.

    `label` tells the passkey from others of the same person; a `discoverable` one signs in without saying first whose it is.
    """
    resident = structs.ResidentKeyRequirement
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=user_id.bytes,
        user_name=label or name,
        user_display_name=name,
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=k.credential_id) for k in known],
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=resident.REQUIRED if discoverable else resident.PREFERRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        supported_pub_key_algs=ALGORITHMS,
    )
    return json.loads(webauthn.options_to_json(options)), options.challenge


def verify_registration(
    party: RelyingParty, employee_id: UUID, credential: dict[str, Any], challenge: bytes, now: datetime
) -> Passkey:
    """Return a person's passkey of a registration answer; raises `PasskeyRefused`."""
    made = check_registration(party, credential, challenge)
    return Passkey(
        credential_id=made.credential_id,
        employee_id=employee_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        created_at=now,
    )


def check_registration(party: RelyingParty, credential: dict[str, Any], challenge: bytes) -> NewKey:
    """Return the new key of a registration answer with user verification; raises `PasskeyRefused`."""
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
    return NewKey(seen.credential_id, seen.credential_public_key, seen.sign_count)


async def verify_assertion(
    session: Session, party: RelyingParty, credential: dict[str, Any], challenge: bytes, *, employee_id: UUID | None
) -> tuple[Passkey, Assertion]:
    """Check a person's assertion with user verification over exactly this challenge; keep the counter.

    `employee_id` restricts it to one person's passkeys; None accepts whoever it is (login). Raises `PasskeyUnknown`,
    `PasskeyRefused`.
    """
    stored = await queries.find_passkey(session, credential_id_of(credential))
    if stored is None or (employee_id is not None and stored.employee_id != employee_id):
        raise PasskeyUnknown
    return stored, check_assertion(party, stored, credential, challenge)


def credential_id_of(credential: dict[str, Any]) -> bytes:
    """Return which passkey an answer is said to come from; raises `PasskeyUnknown`."""
    try:
        return base64url_to_bytes(credential["rawId"])
    except (KeyError, TypeError, ValueError):
        raise PasskeyUnknown from None


def challenge_of(credential: dict[str, Any]) -> bytes | None:
    """Return the challenge an assertion says it answers; None for what is no assertion."""
    try:
        return parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"])).challenge
    except (KeyError, TypeError, ValueError, WebAuthnException):
        return None


def check_assertion(party: RelyingParty, stored: StoredKey, credential: dict[str, Any], challenge: bytes) -> Assertion:
    """Check an assertion of a stored key and write its counter, which may not go back (a cloned authenticator's does).

    WebAuthn level 3, §7.2; user verification is required. Raises `PasskeyRefused`.
    """
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
    return Assertion(stored.credential_id, stored.public_key, proof)
