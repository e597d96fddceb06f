"""The strict, fast check of CMS signatures and time-stamp tokens in exactly the form that `cms` and `timestamp` write.

It reads with its own DER reader and trusts only the certificates it is handed. Anything of another form is refused, also
what RFC 5652 would allow: signatures of other makers are for a full validator.
"""

import functools
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from app.pki import cms, cms_form, cms_read, der, ecdsa
from app.pki.cms_read import SignedData
from app.pki.errors import DerMalformed, PublicKeyRefused, SignatureRefused
from app.pki.parsed_certificate import ParsedCertificate, parse


def read_signed_data(encoded: bytes) -> SignedData:
    """Take a DER ContentInfo apart (RFC 5652 clauses 3, 5.1, 5.3); `SignatureRefused` `signature.cms` on any other form."""
    signed = cms_form.read(encoded)
    if signed is not None:
        return signed
    try:
        return cms_read.read(encoded)
    except DerMalformed as error:
        raise SignatureRefused("signature.cms", f"the CMS is not in its form: {error}") from error


def check_document_signature(signed: SignedData, digest: bytes) -> ParsedCertificate:
    """That a detached signature holds for a document digest; returns its certificate, whose issuer is not yet judged.

    The signed attributes must be the very 135 bytes that digest and certificate give: that covers the message digest, the
    certificate's hash, and that nothing else was signed.
    """
    if signed.content_type != cms.ID_DATA or signed.content is not None:
        raise SignatureRefused("signature.cms", "the signature is not a detached one")
    if signed.attributes != cms.signed_attributes(digest, signed.certificate):
        raise SignatureRefused("signature.digest", "the signed attributes are not those of this document")
    return _verified(signed, "signature.value")


def _verified(signed: SignedData, code: str) -> ParsedCertificate:
    try:
        certificate = parse(signed.certificate)
        holds = _made_with(certificate.spki, signed.signature, signed.attributes)
    except (DerMalformed, PublicKeyRefused) as error:
        raise SignatureRefused("signature.cms", f"the signer's certificate is unusable: {error}") from error
    if not holds:
        raise SignatureRefused(code, "the signature was not made with the certified key")
    return certificate


@functools.lru_cache(maxsize=64)  # a file that is continued is read before and after
def _made_with(spki: bytes, signature: bytes, attributes: bytes) -> bool:
    return ecdsa.verify_der(spki, signature, attributes)


@functools.lru_cache(maxsize=256)
def check_issued(certificate: bytes, issuing: bytes) -> None:
    """That a certificate was issued by this CA: the name and the signature. A hundred documents share one certificate."""
    try:
        subject, issuer = parse(certificate), parse(issuing)
        holds = subject.issuer == issuer.subject and ecdsa.verify_der(issuer.spki, subject.signature, subject.tbs)
    except (DerMalformed, PublicKeyRefused) as error:
        raise SignatureRefused("signature.issuer", f"a certificate is unusable: {error}") from error
    if not holds:
        raise SignatureRefused("signature.issuer", "the certificate was not issued by this authority")


def check_chain(signed: SignedData, issuing: Collection[bytes]) -> None:
    """That a signature carries its certificate's issuer beside it, and nothing else, and that it is one of these CAs (DER)."""
    if len(signed.others) != 1:
        raise SignatureRefused("signature.cms", "it carries other certificates than its chain")
    if signed.others[0] not in issuing:
        raise SignatureRefused("signature.issuer", "its chain leads to another authority")
    check_issued(signed.certificate, signed.others[0])


def check_token(encoded: bytes, imprint: bytes, *, tsa: Collection[bytes], issuing: Collection[bytes]) -> datetime:
    """That a token of one of these TSA certificates, carrying its issuer of these CAs, holds for a SHA-256 imprint.

    RFC 3161 clause 2.4.2. Returns the token's time.
    """
    signed = read_signed_data(encoded)
    if signed.content_type != cms.ID_TST_INFO or signed.content is None or signed.certificate not in tsa:
        raise SignatureRefused("signature.timestamp", "not a token of this time-stamping authority")
    check_chain(signed, issuing)
    if signed.attributes != cms.token_attributes(sha256(signed.content).digest(), signed.certificate):
        raise SignatureRefused("signature.timestamp", "the token's attributes are not those of its content")
    _verified(signed, "signature.timestamp")
    try:
        at = der.read_time(_time(signed.content, imprint))
    except DerMalformed as error:
        raise SignatureRefused("signature.timestamp", f"the token is not in its form: {error}") from error
    owner = parse(signed.certificate)
    if not owner.not_before <= at <= owner.not_after:
        raise SignatureRefused("signature.validity", "the token's time is outside its certificate's life")
    return at


# MessageImprint with SHA-256, all but the digest; the heads of a serial number of 9 octets and of a time; one second
_DIGEST_HEAD = bytes.fromhex("302f300b06096086480165030402010420")
_SERIAL_HEAD, _TIME_HEAD, _ACCURACY = b"\x02\x09", b"\x18\x0f", b"\x30\x03\x02\x01\x01"
_AFTER_POLICY = 49 + 11 + 17 + 5


def _time(content: bytes, imprint: bytes) -> der.Node:
    """The time in a TSTInfo about this imprint (RFC 3161 clause 2.4.2): by its place in the usual form, else by reading."""
    size = len(content)
    at = size - _AFTER_POLICY
    if (
        9 <= at < 0x80 - _AFTER_POLICY
        and content[:6] == bytes((0x30, size - 2, 2, 1, 1, 6))
        and content[6] == at - 7
        and content[at : at + 49] == _DIGEST_HEAD + imprint
        and content[at + 49 : at + 51] == _SERIAL_HEAD
        and content[at + 60 : at + 62] == _TIME_HEAD
        and content.endswith(_ACCURACY)
    ):
        return der.Node(content, der.GENERALIZED_TIME, at + 60, at + 62, at + 77)
    parts = der.children(der.read_whole(content, der.SEQUENCE))
    if len(parts) < 5 or parts[2].body != cms.SHA256 + der.octet_string(imprint):
        raise SignatureRefused("signature.timestamp", "the token is about something else")
    return parts[4]
