"""Secrets: the master key, and tokens that are stored only as their hash."""

import hashlib
import os
import secrets
from pathlib import Path

from app.core.settings import StorageSettings


def master_key(settings: StorageSettings) -> bytes:
    """Return the passphrase of the keys: the setting, or a 0600 file made on first use."""
    if given := settings.master_key.get_secret_value():
        return given.encode()
    path = settings.data_dir / "master.key"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_whole(path)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        os.fsync(file.fileno())
    return path.read_bytes()


def _read_whole(path: Path) -> bytes:
    key = path.read_bytes().strip()
    if not key:
        raise FileNotFoundError(f"{path} is empty: restore it from your backup; the keys cannot be opened without it")
    return key


def new_token(prefix: str = "") -> str:
    """Return a random token of 256 bits with a prefix that secret scanners can find."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """SHA-256 of a token: it has 256 random bits, so nothing slower is needed to keep it from being guessed."""
    return hashlib.sha256(token.encode()).digest()
