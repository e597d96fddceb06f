"""The act a person authenticates over: which documents, which device key, in which session.

Canonical JSON (keys sorted, no spaces, ASCII) so that browser and server make the same bytes; all values are strings.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

SIGN_PURPOSE = "pakta.sign.v1"
COUNTERSIGN_PURPOSE = "pakta.countersign.v1"
POSSESSION_PREFIX = b"pakta.proof-of-possession.v1\0"  # begins with 'p': can never be read as signed attributes (0x31)


def b64(data: bytes) -> str:
    """Base64url without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Decode base64url without padding; raises ValueError for anything else."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def canonical(value: object) -> bytes:
    """Return the one JSON form of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def act(
    session_id: UUID | str, documents: Sequence[tuple[UUID | str, bytes]], spki: bytes, purpose: str = SIGN_PURPOSE
) -> bytes:
    """Return the act over (document id, SHA-256) pairs and a device key."""
    value: dict[str, Any] = {
        "documents": [{"id": str(i), "sha256": digest.hex()} for i, digest in documents],
        "public_key": b64(spki),
        "purpose": purpose,
        "session": str(session_id),
    }
    return canonical(value)


def challenge(nonce: bytes, act_bytes: bytes) -> bytes:
    """Return SHA-256(nonce || act): what the passkey signs and the device key proves possession over."""
    return hashlib.sha256(nonce + act_bytes).digest()


def mark(digests: Sequence[bytes]) -> str:
    """Return the eight hex digits that a one-time code's message and the page show alike, as `abcd-ef01`."""
    digits = hashlib.sha256(canonical([d.hex() for d in digests])).hexdigest()
    return f"{digits[:4]}-{digits[4:8]}"


def request_hash(body: object) -> bytes:
    """Return the hash by which the same request is known again."""
    return hashlib.sha256(canonical(body)).digest()
