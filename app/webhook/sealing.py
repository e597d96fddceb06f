"""Sealing a secret at rest: AES-256-GCM (NIST SP 800-38D) under a key derived from the master key by HKDF-SHA-256 (RFC 5869).

A sealed value is the nonce (12 bytes) and the ciphertext with its tag; the endpoint's id is authenticated with it, so that a value copied
to another endpoint does not open. After a change of the master key the secrets do not open: they are rotated over the API.
"""

import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_INFO = b"pakta.webhook.v1"


class SealBroken(ValueError):
    """The value was not sealed with this key for this endpoint, or it was changed."""


def derive(master_key: bytes) -> bytes:
    """Return the key of webhook secrets that follows from a master key."""
    return HKDF(SHA256(), 32, None, _INFO).derive(master_key)


def seal(key: bytes, webhook_id: UUID, secret: str) -> bytes:
    """Seal an endpoint's secret."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), webhook_id.bytes)


def unseal(key: bytes, webhook_id: UUID, sealed: bytes) -> str:
    """Return the secret; raises `SealBroken`."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], webhook_id.bytes).decode()
    except (InvalidTag, ValueError):
        raise SealBroken("the secret does not open with this key for this endpoint") from None
