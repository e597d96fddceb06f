"""ECDSA over P-256 with SHA-256 (FIPS 186-5, RFC 5480): public keys, the two forms of a signature, and checking.

Browsers give `r ‖ s` in 64 bytes (IEEE P1363), CMS wants `SEQUENCE { r, s }` (RFC 5753 clause 7.2).
"""

import functools
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from app.pki import der
from app.pki.errors import DerMalformed, PublicKeyRefused, SignatureMalformed

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SPKI_SIZE = 91
# SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING 04 ‖ x ‖ y }: all but the two coordinates (RFC 5480 clause 2)
SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
SHA256 = ec.ECDSA(hashes.SHA256())

# a number of 32 octets in its shortest form: with a zero in front where its first bit is set
_NUMBER = rb"\x02(?:\x20[\x01-\x7f].{31}|\x21\x00[\x80-\xff].{31})"
_USUAL = re.compile(rb"\x30(.)" + 2 * _NUMBER, re.DOTALL)
_ORDER_OCTETS = ORDER.to_bytes(32, "big")


@functools.lru_cache(maxsize=256)
def public_key(spki: bytes) -> ec.EllipticCurvePublicKey:
    """The key in a 91-byte SubjectPublicKeyInfo; any other encoding, curve or a point off the curve is refused."""
    if len(spki) != SPKI_SIZE or not spki.startswith(SPKI_HEAD):
        raise PublicKeyRefused("Kunci publik harus P-256 dalam 91 byte. Buat kunci baru di perangkat, lalu ulangi.")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), spki[len(SPKI_HEAD) - 1 :])
    except ValueError as error:
        raise PublicKeyRefused(
            "Kunci publik bukan titik pada kurva P-256. Buat kunci baru di perangkat, lalu ulangi."
        ) from error


def _in_range(r: int, s: int) -> None:
    if not (0 < r < ORDER and 0 < s < ORDER):
        raise SignatureMalformed("Tanda tangan di luar rentang P-256. Ulangi penandatanganan.")


def der_from_raw(signature: bytes) -> bytes:
    """`SEQUENCE { r, s }` from 64 bytes `r ‖ s`."""
    if len(signature) != 64:
        raise SignatureMalformed("Tanda tangan harus 64 byte. Ulangi penandatanganan.")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    _in_range(r, s)
    return der.sequence(der.integer(r), der.integer(s))


def raw_from_der(signature: bytes) -> bytes:
    """64 bytes `r ‖ s` from `SEQUENCE { r, s }` in strict DER."""
    try:
        parts = der.children(der.read_whole(signature, der.SEQUENCE), der.INTEGER, der.INTEGER)
        r, s = map(der.read_integer, parts)
    except DerMalformed as error:
        raise SignatureMalformed("Tanda tangan bukan pasangan bilangan DER.") from error
    _in_range(r, s)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def is_strict(signature: bytes) -> bool:
    """Whether `signature` is `SEQUENCE { r, s }` in DER with both numbers in range: what `raw_from_der` takes.

    Nearly every signature has two numbers of 32 octets, which a pattern knows; the others are read.
    """
    usual = _USUAL.fullmatch(signature)
    if usual:
        r_end = 4 + signature[3]
        sized = signature[1] == len(signature) - 2
        return sized and signature[r_end - 32 : r_end] < _ORDER_OCTETS and signature[-32:] < _ORDER_OCTETS
    try:
        raw_from_der(signature)
    except SignatureMalformed:
        return False
    return True


def verify(spki: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (64 bytes `r ‖ s`) over `message` was made with this key; a malformed one is simply false."""
    try:
        return verify_der(spki, der_from_raw(signature), message)
    except SignatureMalformed:
        return False


def verify_der(spki: bytes, signature: bytes, message: bytes) -> bool:
    """The same for a signature in DER, whose form must be strict: OpenSSL alone would let other forms pass."""
    if not is_strict(signature):
        return False
    try:
        public_key(spki).verify(signature, message, SHA256)
    except InvalidSignature:
        return False
    return True
