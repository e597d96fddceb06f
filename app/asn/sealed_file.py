"""A file at rest, sealed: chunks of AES-256-GCM (NIST SP 800-38D) under a key of the file's own, in bounded memory either way.

The key follows from the key NIKs are sealed with by HKDF-SHA-256 (RFC 5869) over a salt of the file. Chunks are numbered in their nonces and the
last is marked there (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, 2015), so that none can be left out, doubled or put elsewhere. Before them stand
the key's id (8 bytes) and the salt (32 bytes). The file's name is authenticated with them.
"""

import secrets
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.asn.nik.sealing import KEY_ID, NikKey, SealBroken

CHUNK = 1 << 20
_TAG, _SALT = 16, 32
_INFO = b"pakta.upload.v1 "


def seal(source: BinaryIO, target: BinaryIO, key: NikKey, name: str) -> None:
    """Write what stands in `source` to `target`, sealed."""
    salt = secrets.token_bytes(_SALT)
    cipher = _cipher(key, salt, name)
    target.write(key.id + salt)
    number, chunk = 0, source.read(CHUNK)
    while True:
        following = source.read(CHUNK) if len(chunk) == CHUNK else b""
        target.write(cipher.encrypt(_nonce(number, last=not following), chunk, None))
        if not following:
            return
        number, chunk = number + 1, following


def opened(source: BinaryIO, keys: Mapping[bytes, NikKey], name: str) -> Iterator[bytes]:
    """Yield what was sealed, chunk by chunk; raises `SealBroken` where none of the keys (by id) opens it or it was changed."""
    head = source.read(KEY_ID + _SALT)
    key = keys.get(head[:KEY_ID])
    if key is None or len(head) != KEY_ID + _SALT:
        raise SealBroken("the key this file was sealed with is not set")
    cipher = _cipher(key, head[KEY_ID:], name)
    number, chunk = 0, source.read(CHUNK + _TAG)
    while True:
        following = source.read(CHUNK + _TAG) if len(chunk) == CHUNK + _TAG else b""
        try:
            yield cipher.decrypt(_nonce(number, last=not following), chunk, None)
        except InvalidTag:
            raise SealBroken("the file was changed") from None
        if not following:
            return
        number, chunk = number + 1, following


def _cipher(key: NikKey, salt: bytes, name: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, _INFO + name.encode()).derive(key.key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
