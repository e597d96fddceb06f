"""Identifiers: UUIDv7 (RFC 9562 §5.7), made by the application because PostgreSQL has `uuidv7()` only from 18 on."""

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
DOCUMENT_CODE_LENGTH = 22  # 110 bits: a code can be typed from paper and never guessed


def new_id() -> UUID:
    """Return a new UUIDv7; ids made later sort later."""
    return uuid7()


def new_code(length: int = DOCUMENT_CODE_LENGTH) -> str:
    """Return a random code of so many characters, 5 bits each."""
    bits = secrets.randbits(5 * length)
    return "".join([CODE_ALPHABET[bits >> shift & 31] for shift in range(0, 5 * length, 5)])
