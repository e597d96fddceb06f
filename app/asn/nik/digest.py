"""Knowing somebody without NIP again by the NIK, without keeping the NIK: HMAC-SHA-256 (RFC 2104) under a key of its own.

There are so few NIKs that a plain hash could be searched through. The key is made once and stored sealed under the master key; it stays
when that one changes (`app.asn.nik.jobs` seals it anew), because a digest cannot be made anew without its NIK.
"""

import hmac
import re
import secrets

_LENGTH = 16


def new_key() -> str:
    """Return a fresh key, 256 bits in hexadecimal."""
    return secrets.token_hex(32)


def digest(key: str, nik: str) -> str:
    """Return the digest of a NIK (16 digits) in hexadecimal."""
    return hmac.digest(bytes.fromhex(key), nik.encode(), "sha256").hex()


def tidy(stated: str) -> str:
    """Return the 16 digits of a NIK as it was typed, empty when it is none."""
    digits = re.sub(r"[\s.\-'’`]+", "", stated)
    return digits if re.fullmatch("[0-9]{16}", digits) else ""
