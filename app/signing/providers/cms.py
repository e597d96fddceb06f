"""CMS SignedData (RFC 5652) around a signature that a key elsewhere made, ECDSA or RSA, in the profile of PAdES (EN 319 142-1).

What is signed are the same attributes as on a device (`app.pki.cms.signed_attributes`), so every provider of digests signs one
and the same form; only algorithm, certificate and chain differ.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from app.pki import der
from app.pki.cms import (
    ECDSA_WITH_SHA256,
    ID_DATA,
    ID_SIGNED_DATA,
    SHA256,
    SIGNATURE_TIMESTAMP,
    VERSION_1,
    signed_attributes,
)
from app.pki.parsed_certificate import issuer_and_serial
from app.signing.providers.base import Cms, Stamp
from app.signing.providers.errors import SignatureUnfit

_ALGORITHMS = {
    "ecdsa": ECDSA_WITH_SHA256,
    "rsa": der.sequence(der.oid("1.2.840.113549.1.1.11"), der.tlv(der.NULL)),  # RFC 4055 clause 5
}
ROOM = 12_288
"""Bytes for a signature with RSA certificates, a chain and a token in it."""


def attributes_for(digest: bytes, certificate: bytes) -> bytes:
    """The bytes a key signs for a document digest: content type, message digest, signing-certificate-v2 (RFC 5035)."""
    return signed_attributes(digest, certificate)


def algorithm_of(certificate: bytes) -> str:
    """`ecdsa` or `rsa`; raises `SignatureUnfit` for any other key."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ecdsa"
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa"
    raise SignatureUnfit(reason="key")


def signature_holds(certificate: bytes, signature: bytes, signed: bytes) -> bool:
    """Whether a DER ECDSA or an RSA PKCS#1 v1.5 signature over `signed` with SHA-256 holds under a certificate's key."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def build(
    digest: bytes, signature: bytes, certificate: bytes, chain: Sequence[bytes], *, stamp: Stamp, at: datetime
) -> Cms:
    """The CMS for /Contents with certificate, chain and signature time stamp (B-T); raises `SignatureUnfit` if it does not hold.

    RFC 5652 clauses 3, 5.1 and 5.3; DER throughout, so the certificates stand in DER order.
    """
    attributes = attributes_for(digest, certificate)
    if not signature_holds(certificate, signature, attributes):
        raise SignatureUnfit(reason="signature")
    token = stamp(sha256(signature).digest(), at)
    signer = der.sequence(
        VERSION_1,
        issuer_and_serial(certificate),
        SHA256,
        b"\xa0" + attributes[1:],  # signed under the tag of a SET, embedded under [0]
        _ALGORITHMS[algorithm_of(certificate)],
        der.octet_string(signature),
        der.tlv(0xA1, der.sequence(SIGNATURE_TIMESTAMP, der.set_of(token))),
    )
    content = der.sequence(
        VERSION_1,
        der.set_of(SHA256),
        der.sequence(ID_DATA),
        der.set_of(certificate, *chain, tag=0xA0),
        der.set_of(signer),
    )
    return Cms(der.sequence(ID_SIGNED_DATA, der.explicit(0, content)))
