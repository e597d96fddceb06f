"""CMS SignedData (RFC 5652) in the CAdES profile of PAdES (ETSI EN 319 122-1, EN 319 142-1), written byte for byte.

The document is detached; one signer; SHA-256 and ECDSA. With a signature time stamp the level is B-T, without it B-B.
Everything is DER, so the certificates stand in DER order: find the signer's by issuer and serial number, not by place.
"""

import functools
from collections.abc import Sequence
from hashlib import sha256

from app.pki import der, parsed_certificate

ID_DATA = der.oid("1.2.840.113549.1.7.1")
ID_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
ID_TST_INFO = der.oid("1.2.840.113549.1.9.16.1.4")
CONTENT_TYPE = der.oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE_V2 = der.oid("1.2.840.113549.1.9.16.2.47")
SIGNATURE_TIMESTAMP = der.oid("1.2.840.113549.1.9.16.2.14")
SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))
ECDSA_WITH_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
VERSION_1, VERSION_3 = der.integer(1), der.integer(3)

ATTRIBUTES_SIZE = 135
DIGEST_AT, CERTIFICATE_HASH_AT = 46, 103


def _attributes_template(content_type: bytes) -> tuple[bytes, bytes]:
    """The signed attributes before the digest, and between it and the certificate's hash, which ends them."""
    blank = der.octet_string(bytes(32))
    whole = der.set_of(
        der.sequence(CONTENT_TYPE, der.set_of(content_type)),
        der.sequence(MESSAGE_DIGEST, der.set_of(blank)),
        der.sequence(SIGNING_CERTIFICATE_V2, der.set_of(der.sequence(der.sequence(der.sequence(blank))))),
    )
    digest_at = len(whole) - (ATTRIBUTES_SIZE - DIGEST_AT)
    return whole[:digest_at], whole[digest_at + 32 : -32]


def _filled(template: tuple[bytes, bytes], digest: bytes, certificate: bytes) -> bytes:
    """Both hashes written into the template."""
    if len(digest) != 32:
        raise ValueError("a SHA-256 digest has 32 bytes")
    return template[0] + digest + template[1] + _certificate_hash(certificate)


@functools.lru_cache(maxsize=256)  # those of the authority and the seal are in every document
def _certificate_hash(certificate: bytes) -> bytes:
    return sha256(certificate).digest()


_DOCUMENT_ATTRIBUTES = _attributes_template(ID_DATA)
_TOKEN_ATTRIBUTES = _attributes_template(ID_TST_INFO)


def signed_attributes(document_digest: bytes, certificate_der: bytes) -> bytes:
    """The 135 bytes a signer signs: a SET (0x31) of content type, message digest and signing-certificate-v2.

    `document_digest` is the SHA-256 over the byte range, 32 bytes at 46..77; the SHA-256 of the certificate stands at
    103..134 (RFC 5035, ESSCertIDv2 with its default algorithm and no issuerSerial); all other bytes are constant, so a
    device can build them by itself. Signing time is left to the time stamp (EN 319 142-1 clause 6.3).
    """
    return _filled(_DOCUMENT_ATTRIBUTES, document_digest, certificate_der)


def token_attributes(info_digest: bytes, certificate_der: bytes) -> bytes:
    """The same for a time-stamp token, whose content type is id-ct-TSTInfo (RFC 3161 clause 2.4.2)."""
    return _filled(_TOKEN_ATTRIBUTES, info_digest, certificate_der)


def signed_data(
    *,
    attributes: bytes,
    signature_der: bytes,
    certificate: bytes,
    chain: Sequence[bytes],
    timestamp_token: bytes | None,
) -> bytes:
    """The ContentInfo for a PDF's /Contents: detached signature, signer's certificate, chain, and the token if any.

    `attributes` are those of `signed_attributes`; `chain` holds the CA certificates without the root.
    """
    unsigned = b""
    if timestamp_token is not None:
        values = der.head(der.SET, len(timestamp_token)) + timestamp_token
        unsigned = der.enclosed(0xA1, der.SEQUENCE, SIGNATURE_TIMESTAMP, values)
    return _content_info(_DETACHED, attributes, signature_der, (certificate, *chain), unsigned)


def signed_token(
    *, info: bytes, attributes: bytes, signature_der: bytes, certificate: bytes, chain: Sequence[bytes]
) -> bytes:
    """The ContentInfo of a time-stamp token around an encoded TSTInfo; version 3, since the content is no id-data."""
    certificates = (certificate, *chain)
    before, between, after = _token_frame(len(info), len(attributes), len(signature_der), certificates)
    return b"".join((before, info, between, attributes[1:], after, signature_der))


@functools.lru_cache(maxsize=256)
def _token_frame(
    info_size: int, attributes_size: int, signature_size: int, certificates: tuple[bytes, ...]
) -> tuple[bytes, bytes, bytes]:
    """A token without what differs: the bytes before its TSTInfo, from there to its attributes, from there to the signature.

    One authority's tokens differ in nothing else but the signature's size, so they are written around a few frames.
    """
    content = der.sequence(ID_TST_INFO, der.enclosed(0xA0, der.OCTET_STRING, bytes(info_size)))
    whole = _content_info(_TOKEN + content, bytes(attributes_size), bytes(signature_size), certificates, b"")
    info_end = whole.index(content) + len(content)
    signature_at = len(whole) - signature_size
    attributes_end = signature_at - len(der.head(der.OCTET_STRING, signature_size)) - len(ECDSA_WITH_SHA256)
    attributes_at = attributes_end - (attributes_size - 1)
    return whole[: info_end - info_size], whole[info_end:attributes_at], whole[attributes_end:signature_at]


# version and digestAlgorithms, then the content
_TOKEN = VERSION_3 + der.set_of(SHA256)
_DETACHED = VERSION_1 + der.set_of(SHA256) + der.sequence(ID_DATA)


def _content_info(
    opening: bytes, attributes: bytes, signature_der: bytes, certificates: tuple[bytes, ...], unsigned: bytes
) -> bytes:
    """RFC 5652 clauses 3, 5.1 and 5.3 around `opening`; the first certificate is the signer's.

    The attributes are signed under the tag of a SET and embedded under [0].
    """
    identifier = parsed_certificate.issuer_and_serial(certificates[0])
    signers = der.enclosed(
        der.SET,
        der.SEQUENCE,
        VERSION_1,
        identifier,
        SHA256,
        b"\xa0",
        attributes[1:],
        ECDSA_WITH_SHA256,
        der.head(der.OCTET_STRING, len(signature_der)),
        signature_der,
        unsigned,
    )
    signed_data = der.enclosed(0xA0, der.SEQUENCE, opening, der.set_of(*certificates, tag=0xA0), signers)
    return b"".join((der.head(der.SEQUENCE, len(ID_SIGNED_DATA) + len(signed_data)), ID_SIGNED_DATA, signed_data))
