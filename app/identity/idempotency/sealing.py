"""Answers are kept encrypted under the very credential the request came with: they may hold codes and secrets that are stored nowhere else.

AES-256-GCM with a key of HKDF-SHA-256 (RFC 5869) over the credential, whose 256 random bits only its holder has: whoever reads the
database reads none of the answers.
"""

import json
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"pakta.idempotency.v1"
_NONCE = 12
_KEPT_HEADERS = (b"content-type", b"content-disposition", b"content-language", b"cache-control", b"location", b"link")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was sent; of its headers those that belong to it and not to the moment."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @classmethod
    def of(cls, headers: list[tuple[bytes, bytes]], body: bytes) -> "Answer":
        """Return what is kept of an answer."""
        own = tuple((n, v) for n, v in headers if n.lower() in _KEPT_HEADERS or n.lower().startswith(b"pakta-"))
        return cls(own, body)


def seal(credential: bytes, answer: Answer) -> bytes:
    """Return an answer that only the holder of the credential can open."""
    nonce = os.urandom(_NONCE)
    head = json.dumps([[name.decode("latin-1"), value.decode("latin-1")] for name, value in answer.headers]).encode()
    told = len(head).to_bytes(4, "big") + head + answer.body
    return nonce + AESGCM(_key(credential)).encrypt(nonce, told, _PURPOSE)


def unseal(credential: bytes, sealed: bytes) -> Answer:
    """Return what was sealed under the same credential."""
    told = AESGCM(_key(credential)).decrypt(sealed[:_NONCE], sealed[_NONCE:], _PURPOSE)
    end = 4 + int.from_bytes(told[:4], "big")
    headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in json.loads(told[4:end]))
    return Answer(headers, told[end:])


def _key(credential: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(credential)
