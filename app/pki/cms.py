"""CMS SignedData (RFC 5652) in the CAdES profile of PAdES (ETSI EN 319 122-1, EN 319 142-1), written byte for byte.

The document is detached; one signer; SHA-256 and ECDSA. With a signature time stamp the level is B-T, without it B-B.
Everything is DER, so the certificates stand in DER order: find the signer's by issuer and serial number, not by place.
"""

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


def _attributes_template(content_type: bytes) -> bytes:
    """The signed attributes with 32 zero bytes in place of each of the two hashes."""
    blank = der.octet_string(bytes(32))
    return der.set_of(
        der.sequence(CONTENT_TYPE, der.set_of(content_type)),
        der.sequence(MESSAGE_DIGEST, der.set_of(blank)),
        der.sequence(SIGNING_CERTIFICATE_V2, der.set_of(der.sequence(der.sequence(der.sequence(blank))))),
    )


def _filled(template: bytes, digest: bytes, certificate: bytes) -> bytes:
    """Both hashes written into the template: the ESSCertIDv2 hash is always the last 32 bytes."""
    if len(digest) != 32:
        raise ValueError("a SHA-256 digest has 32 bytes")
    between = template[len(template) - 32 - (CERTIFICATE_HASH_AT - DIGEST_AT - 32) : -32]
    head = template[: len(template) - 64 - len(between)]
    return b"".join((head, digest, between, sha256(certificate).digest()))


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
        unsigned = der.explicit(1, der.sequence(SIGNATURE_TIMESTAMP, der.set_of(timestamp_token)))
    signer = _signer_info(attributes, signature_der, certificate, unsigned)
    return _content_info(VERSION_1, der.sequence(ID_DATA), (certificate, *chain), signer)


def signed_token(
    *, info: bytes, attributes: bytes, signature_der: bytes, certificate: bytes, chain: Sequence[bytes]
) -> bytes:
    """The ContentInfo of a time-stamp token around an encoded TSTInfo; version 3, since the content is no id-data."""
    signer = _signer_info(attributes, signature_der, certificate, b"")
    content = der.sequence(ID_TST_INFO, der.explicit(0, der.octet_string(info)))
    return _content_info(VERSION_3, content, (certificate, *chain), signer)


def _signer_info(attributes: bytes, signature_der: bytes, certificate: bytes, unsigned: bytes) -> bytes:
    """RFC 5652 clause 5.3. The attributes are signed under the tag of a SET and embedded under [0]."""
    identifier = parsed_certificate.issuer_and_serial(certificate)
    embedded = b"\xa0" + attributes[1:]
    return der.sequence(
        VERSION_1, identifier, SHA256, embedded, ECDSA_WITH_SHA256, der.octet_string(signature_der), unsigned
    )


def _content_info(version: bytes, content: bytes, certificates: Sequence[bytes], signer: bytes) -> bytes:
    """RFC 5652 clauses 3 and 5.1."""
    body = der.sequence(version, der.set_of(SHA256), content, der.set_of(*certificates, tag=0xA0), der.set_of(signer))
    return der.sequence(ID_SIGNED_DATA, der.explicit(0, body))
