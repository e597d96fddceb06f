"""Sealing a NIK: AES-256-GCM (NIST SP 800-38D) under a key derived from the master key by HKDF-SHA-256 (RFC 5869).

A sealed value is the key's id (8 bytes), the nonce (12 bytes) and the ciphertext with its tag; the person's id is authenticated with it, so that a
value copied to another person does not open.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_ID, _NONCE = 8, 12
_INFO = b"pakta.nik.v1"


class SealBroken(ValueError):
    """The value was not sealed with this key for this person, or it was changed."""


@dataclass(frozen=True, slots=True, repr=False)
class NikKey:
    """A key with its id, which stands before everything sealed with it."""

    id: bytes
    key: bytes


def derive(master_key: bytes) -> NikKey:
    """Return the key of NIKs that follows from a master key."""
    return derived(HKDF(SHA256(), 32, None, _INFO).derive(master_key))


def derived(key: bytes) -> NikKey:
    """Return a key of NIKs that was derived before."""
    return NikKey(hashlib.sha256(_INFO + key).digest()[:KEY_ID], key)


def seal(key: NikKey, employee_id: UUID, nik: str) -> bytes:
    """Seal a person's NIK; twice the same NIK gives two values."""
    nonce = secrets.token_bytes(_NONCE)
    return key.id + nonce + AESGCM(key.key).encrypt(nonce, nik.encode(), key.id + employee_id.bytes)


def key_id(sealed: bytes) -> bytes:
    """Return the id of the key a value was sealed with."""
    return sealed[:KEY_ID]


def unseal(key: NikKey, employee_id: UUID, sealed: bytes) -> str:
    """Return the NIK; raises `SealBroken`."""
    nonce, body = sealed[KEY_ID : KEY_ID + _NONCE], sealed[KEY_ID + _NONCE :]
    try:
        return AESGCM(key.key).decrypt(nonce, body, key.id + employee_id.bytes).decode()
    except (InvalidTag, ValueError):
        raise SealBroken("the value does not open with this key for this person") from None


def fault(nik: str, today: date) -> str | None:
    """Return why a text is no NIK, None when it may be one: region (6), DDMMYY with 40 added to a woman's day, serial (4)."""
    if re.fullmatch("[0-9]{16}", nik) is None:
        return "nik.length"
    if born(nik, today) is None:
        return "nik.birth_date"
    return None if nik[:2] != "00" and nik[12:] != "0000" else "nik.characters"


def born(nik: str, today: date) -> date | None:
    """Return the day of birth that 16 digits state, None when there is no such day; of two centuries the later one that has begun."""
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    day -= 40 if day > 40 else 0
    try:
        return date((2000 if 2000 + year <= today.year else 1900) + year, month, day)
    except ValueError:
        return None
