"""The strict, fast check of CMS signatures and time-stamp tokens in exactly the form that `cms` and `timestamp` write.

It reads with its own DER reader and trusts only the certificates it is handed. Anything of another form is refused, also
what RFC 5652 would allow: signatures of other makers are for a full validator.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from app.pki import cms, der, ecdsa
from app.pki.errors import DerMalformed, PublicKeyRefused, SignatureRefused
from app.pki.parsed_certificate import ParsedCertificate, issuer_and_serial, parse


@dataclass(frozen=True)
class SignedData:
    """The parts of a SignedData with one signer: `content` is None when detached, `token` None at level B-B.

    `others` are the certificates beside the signer's.
    """

    content_type: bytes
    content: bytes | None
    attributes: bytes
    signature: bytes
    certificate: bytes
    others: tuple[bytes, ...]
    token: bytes | None


def read_signed_data(encoded: bytes) -> SignedData:
    """Take a DER ContentInfo apart (RFC 5652 clauses 3, 5.1, 5.3); `SignatureRefused` `signature.cms` on any other form.

    Written again from its parts it must give the same bytes: no bit can hide in what the signature does not cover.
    """
    try:
        signed = _read(encoded)
        same = _written(signed) == encoded
    except DerMalformed as error:
        raise SignatureRefused("signature.cms", f"the CMS is not in its form: {error}") from error
    if not same:
        raise SignatureRefused("signature.cms", "the CMS has other bytes than its parts give")
    return signed


def _written(signed: SignedData) -> bytes:
    if signed.content is None:
        return cms.signed_data(
            attributes=signed.attributes,
            signature_der=signed.signature,
            certificate=signed.certificate,
            chain=signed.others,
            timestamp_token=signed.token,
        )
    return cms.signed_token(
        info=signed.content,
        attributes=signed.attributes,
        signature_der=signed.signature,
        certificate=signed.certificate,
        chain=signed.others,
    )


def _read(encoded: bytes) -> SignedData:
    kind, wrapped = der.children(der.read_whole(encoded, der.SEQUENCE), der.OID, 0xA0)
    (body,) = der.children(wrapped, der.SEQUENCE)
    _, digests, content, certificates, signers = der.children(body, der.INTEGER, der.SET, der.SEQUENCE, 0xA0, der.SET)
    (signer,) = der.children(signers, der.SEQUENCE)
    parts = der.children(signer)
    shape = [der.INTEGER, der.SEQUENCE, der.SEQUENCE, 0xA0, der.SEQUENCE, der.OCTET_STRING]
    if [part.tag for part in parts] not in (shape, [*shape, 0xA1]):
        raise DerMalformed("other parts of the signer than expected")
    _, identifier, digest, attributes, algorithm, signature = parts[:6]
    named = (kind.whole, digests.body, digest.whole, algorithm.whole)
    if named != (cms.ID_SIGNED_DATA, cms.SHA256, cms.SHA256, cms.ECDSA_WITH_SHA256):
        raise DerMalformed("other algorithms than expected")
    content_type, detached = _content(content)
    certificate, others = _certificates(certificates, identifier)
    return SignedData(
        content_type=content_type,
        content=detached,
        attributes=b"\x31" + attributes.whole[1:],
        signature=signature.body,
        certificate=certificate,
        others=others,
        token=_token(parts[6]) if len(parts) > 6 else None,
    )


def _content(node: der.Node) -> tuple[bytes, bytes | None]:
    """The content type, and the content where it is not detached."""
    parts = der.children(node)
    if len(parts) == 1:
        return parts[0].whole, None
    _, wrapped = der.children(node, der.OID, 0xA0)
    return parts[0].whole, der.children(wrapped, der.OCTET_STRING)[0].body


def _certificates(node: der.Node, identifier: der.Node) -> tuple[bytes, tuple[bytes, ...]]:
    """The one certificate that the signer's issuer and serial number point at, and the others."""
    wanted, every = identifier.whole, [part.whole for part in der.children(node)]
    found = [certificate for certificate in every if issuer_and_serial(certificate) == wanted]
    if len(found) != 1:
        raise DerMalformed("the signer's certificate is not there exactly once")
    return found[0], tuple(certificate for certificate in every if certificate != found[0])


def _token(unsigned: der.Node) -> bytes:
    """The signature time stamp, the only unsigned attribute (EN 319 122-1 clause 5.3)."""
    (attribute,) = der.children(unsigned, der.SEQUENCE)
    kind, values = der.children(attribute, der.OID, der.SET)
    if kind.whole != cms.SIGNATURE_TIMESTAMP:
        raise DerMalformed("an unsigned attribute that is no time stamp")
    return der.children(values, der.SEQUENCE)[0].whole


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
        holds = ecdsa.verify_der(certificate.spki, signed.signature, signed.attributes)
    except (DerMalformed, PublicKeyRefused) as error:
        raise SignatureRefused("signature.cms", f"the signer's certificate is unusable: {error}") from error
    if not holds:
        raise SignatureRefused(code, "the signature was not made with the certified key")
    return certificate


@functools.lru_cache(maxsize=4096)
def check_issued(certificate: bytes, issuing: bytes) -> None:
    """That a certificate was issued by this CA: the name and the signature. A hundred documents share one certificate."""
    try:
        subject, issuer = parse(certificate), parse(issuing)
        holds = subject.issuer == issuer.subject and ecdsa.verify_der(issuer.spki, subject.signature, subject.tbs)
    except (DerMalformed, PublicKeyRefused) as error:
        raise SignatureRefused("signature.issuer", f"a certificate is unusable: {error}") from error
    if not holds:
        raise SignatureRefused("signature.issuer", "the certificate was not issued by this authority")


def check_token(encoded: bytes, imprint: bytes, *, tsa: bytes, chain: Sequence[bytes]) -> datetime:
    """That a token of this TSA certificate, carrying this chain, holds for a SHA-256 imprint (RFC 3161 clause 2.4.2).

    Returns the token's time.
    """
    signed = read_signed_data(encoded)
    if signed.content_type != cms.ID_TST_INFO or signed.content is None or signed.certificate != tsa:
        raise SignatureRefused("signature.timestamp", "not a token of this time-stamping authority")
    if signed.others != tuple(chain):
        raise SignatureRefused("signature.timestamp", "the token carries other certificates than its chain")
    if signed.attributes != cms.token_attributes(sha256(signed.content).digest(), tsa):
        raise SignatureRefused("signature.timestamp", "the token's attributes are not those of its content")
    _verified(signed, "signature.timestamp")
    try:
        parts = der.children(der.read_whole(signed.content, der.SEQUENCE))
        if len(parts) < 5 or parts[2].body != cms.SHA256 + der.octet_string(imprint):
            raise SignatureRefused("signature.timestamp", "the token is about something else")
        at = der.read_time(parts[4])
    except DerMalformed as error:
        raise SignatureRefused("signature.timestamp", f"the token is not in its form: {error}") from error
    owner = parse(tsa)
    if not owner.not_before <= at <= owner.not_after:
        raise SignatureRefused("signature.validity", "the token's time is outside its certificate's life")
    return at
