"""Secrets: the master key, and tokens that are stored only as their hash."""

import hashlib
import secrets

from app.core.errors import CannotStart
from app.core.settings import StorageSettings
from app.core.write_once import keep_once


def master_key(settings: StorageSettings) -> bytes:
    """Return the passphrase of the keys: the setting, or a 0600 file made on first use; raises `CannotStart`."""
    if given := settings.master_key.get_secret_value():
        return given.encode()
    path = settings.data_dir / "master.key"
    if key := keep_once(path, secrets.token_urlsafe(32).encode()).strip():
        return key
    raise CannotStart(f"{path} is empty: restore it from your backup; the keys cannot be opened without it.")


def new_token(prefix: str = "") -> str:
    """Return a random token of 256 bits with a prefix that secret scanners can find."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """SHA-256 of a token: it has 256 random bits, so nothing slower is needed to keep it from being guessed."""
    return hashlib.sha256(token.encode()).digest()
