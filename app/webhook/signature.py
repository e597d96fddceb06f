"""Signatures of messages, by the Standard Webhooks specification 1.0 (standardwebhooks.com).

Signed is `{webhook-id}.{webhook-timestamp}.{body}` with HMAC-SHA256 under the bytes that the secret's base64 stands for. The header
`webhook-signature` holds `v1,` and the base64 of it, once for each valid secret, separated by a space.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """Return a new secret as its receiver keeps it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: UUID, timestamp: int, body: bytes) -> str:
    """Return one signature with its version; `timestamp` is in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()


def headers(secrets_: Sequence[str], message_id: UUID, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of one attempt: the id stays the same for all, the timestamp is the attempt's own."""
    timestamp = int(at.timestamp())
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(one, message_id, timestamp, body) for one in secrets_),
    }
