"""What signs: a private key in this process, or behind PKCS#11 later; the rest of the package cannot tell them apart."""

from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class SigningKey(Protocol):
    """A key of an authority."""

    @property
    def spki(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo."""

    @property
    def algorithm(self) -> str:
        """The dotted identifier of the signature algorithm: ecdsa-with-SHA256 or -SHA384 (RFC 5758 clause 3.2)."""

    def sign(self, data: bytes) -> bytes:
        """A DER signature over `data`, which the key hashes itself; raises whatever its device raises."""


ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"
ECDSA_WITH_SHA384 = "1.2.840.10045.4.3.3"


class LocalKey:
    """An EC private key in memory: P-256 signs with SHA-256, P-384 with SHA-384.

    `repeatable` takes the nonces of RFC 6979, so that the same data gives the same signature; it costs an eighth more.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey, *, repeatable: bool = False) -> None:
        self.private = key
        self._wide = key.curve.key_size > 256
        self._scheme = ec.ECDSA(hashes.SHA384() if self._wide else hashes.SHA256(), deterministic_signing=repeatable)
        self.spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.algorithm = ECDSA_WITH_SHA384 if self._wide else ECDSA_WITH_SHA256

    def sign(self, data: bytes) -> bytes:
        """A DER ECDSA signature over `data`."""
        return self.private.sign(data, self._scheme)
