"""CMS SignedData (RFC 5652) taken apart by the DER reader, in the one form that `cms` and `timestamp` write.

Everything else is `DerMalformed`, also what RFC 5652 would allow. `cms_form` reads the usual cases of the same form faster.
"""

from typing import NamedTuple

from app.pki import cms, der
from app.pki.errors import DerMalformed
from app.pki.parsed_certificate import issuer_and_serial


class SignedData(NamedTuple):
    """The parts of a SignedData with one signer: `content` is None when detached, `token` None at level B-B.

    `attributes` are under the tag of a SET, as they were signed; `others` are the certificates beside the signer's.
    """

    content_type: bytes
    content: bytes | None
    attributes: bytes
    signature: bytes
    certificate: bytes
    others: tuple[bytes, ...]
    token: bytes | None


def read(encoded: bytes) -> SignedData:
    """Take a DER ContentInfo apart (RFC 5652 clauses 3, 5.1, 5.3); `DerMalformed` on any other form.

    Written again from its parts it must give the same bytes: no bit can hide in what the signature does not cover.
    """
    signed = _read(encoded)
    if _written(signed) != encoded:
        raise DerMalformed("other bytes than its parts give")
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
