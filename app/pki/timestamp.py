"""A time-stamping authority (RFC 3161, ETSI EN 319 422): tokens that say a digest existed at a moment.

It issues tokens in process and answers no requests, so there is no nonce. One-second resolution and accuracy.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from app.pki import cms, der
from app.pki.signing_key import SigningKey

DEFAULT_POLICY = "1.3.6.1.4.1.99999.1.1"
# Accuracy ::= SEQUENCE { seconds }: EN 319 422 clause 5.2 asks for it, and for one second or better
ACCURACY = der.sequence(der.integer(1))
# MessageImprint { sha256, OCTET STRING }, all but the 32 bytes of the digest
_IMPRINT_HEAD = der.sequence(cms.SHA256, der.octet_string(bytes(32)))[:-32]
# an INTEGER before its 64 random bits: a leading 01 keeps it positive and of one length
_SERIAL_HEAD = der.tlv(der.INTEGER, b"\x01", bytes(8))[:-8]


class ArchiveStamps(Protocol):
    """Who gives archive time stamps: our own TSA, or those of others."""

    @property
    def room(self) -> int:
        """The most bytes a token has."""

    @property
    def together(self) -> int:
        """How many tokens are worth asking for at the same time."""

    def token(self, imprint_sha256: bytes, at: datetime) -> bytes:
        """A TimeStampToken (RFC 3161 clause 2.4.2) for a SHA-256 digest of 32 bytes; blocks."""


class OtherStamps(ArchiveStamps, Protocol):
    """Time-stamping authorities of others."""

    @property
    def roots(self) -> Sequence[bytes]:
        """Root certificates (DER) their tokens chain to."""

    @property
    def asked(self) -> bool:
        """Whether new stamps come from there; otherwise only those of before are read."""

    def check(self, encoded: bytes, imprint_sha256: bytes) -> datetime:
        """The time of a token from there; raises `SignatureRefused`."""

    def crls(self, now: datetime) -> tuple[bytes, ...]:
        """CRLs (DER) under which their certificates are good now; raises `TimestampUnavailable`."""

    def standing(self) -> dict[str, str | None]:
        """Why each, by its address, gave no good token when it was asked last; empty: it did; None: not asked yet."""


class TimestampAuthority:
    """The TSA's certificate, its chain (issuing CA, without the root) and its key.

    `policy` is the dotted identifier of the policy tokens are issued under; an operator with an own arc sets it.
    """

    room = 4096
    together = 1

    def __init__(
        self,
        key: SigningKey,
        certificate: bytes,
        chain: Sequence[bytes],
        *,
        policy: str = DEFAULT_POLICY,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.certificate = certificate
        self.chain = tuple(chain)
        self._key = key
        self._random = random
        self._head = der.integer(1) + der.oid(policy) + _IMPRINT_HEAD

    def token(self, imprint_sha256: bytes, at: datetime) -> bytes:
        """A TimeStampToken (RFC 3161 clause 2.4.2) for a SHA-256 digest of 32 bytes; `at` is cut to its second."""
        if len(imprint_sha256) != 32:
            raise ValueError("an imprint has 32 bytes")
        if at.tzinfo is None:
            raise ValueError("a time without its zone cannot be attested")
        time = der.generalized_time(at)
        info = der.sequence(self._head, imprint_sha256, _SERIAL_HEAD, self._random(8), time, ACCURACY)
        attributes = cms.token_attributes(sha256(info).digest(), self.certificate)
        return cms.signed_token(
            info=info,
            attributes=attributes,
            signature_der=self._key.sign(attributes),
            certificate=self.certificate,
            chain=self.chain,
        )
