"""The usual cases of our CMS as fixed bytes with holes between them: what `cms_read` reads, in a tenth of the time.

Usual is a structure of 64 KiB at most with two certificates. A length that follows from the size of the whole is compared, not
read, so most of the structure is a comparison of a few runs of bytes. What does not fit is left to `cms_read`: this reader
never refuses, and it never takes what the other would not, which the tests prove on changed and cut structures.
"""

import functools
from typing import NamedTuple

from app.pki import der
from app.pki.cms_read import SignedData
from app.pki.errors import DerMalformed
from app.pki.parsed_certificate import issuer_and_serial

# the identifiers' bytes stand here once more, so that a slip in what writes them is seen when it is read
_ID_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_ID_DATA = bytes.fromhex("06092a864886f70d010701")
_ID_TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
_SIGNATURE_TIMESTAMP = bytes.fromhex("060b2a864886f70d010910020e")
_SHA256 = bytes.fromhex("300b0609608648016503040201")
_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_VERSION_1, _VERSION_3 = b"\x02\x01\x01", b"\x02\x01\x03"

_SMALLEST, _LARGEST = 1024, 0xFFFF
_OPENING_SIZE = 23  # the heads of ContentInfo, [0] and SignedData around the identifier
_LONG = 4  # octets of a head with a length of two octets


def read(encoded: bytes) -> SignedData | None:
    """The parts of a ContentInfo, or None when it is not the usual form; raises nothing."""
    size = len(encoded)
    if not _SMALLEST <= size <= _LARGEST or not encoded.startswith(_opening(size)):
        return None
    try:
        return _signed_data(encoded, size)
    except (DerMalformed, IndexError):
        return None


def _long(tag: int, size: int) -> bytes:
    """The head of an element whose length takes two octets; `DerMalformed` when it would take fewer or more."""
    if not 0x100 <= size <= _LARGEST:
        raise DerMalformed("not a length of two octets")
    return bytes((tag, 0x82, size >> 8, size & 0xFF))


@functools.lru_cache(maxsize=4096)
def _opening(size: int) -> bytes:
    """The bytes before the version of a SignedData whose ContentInfo has `size` octets (RFC 5652 clause 3)."""
    return _long(0x30, size - 4) + _ID_SIGNED_DATA + _long(0xA0, size - 19) + _long(0x30, size - _OPENING_SIZE)


_DETACHED = _VERSION_1 + b"\x31\x0d" + _SHA256 + b"\x30\x0b" + _ID_DATA
_TOKEN = _VERSION_3 + b"\x31\x0d" + _SHA256


def _signed_data(encoded: bytes, size: int) -> SignedData:
    """RFC 5652 clause 5.1."""
    content_type, content, at = _ID_DATA, None, _OPENING_SIZE
    if encoded.startswith(_DETACHED, at):
        at += len(_DETACHED)
    elif encoded.startswith(_TOKEN, at):
        content_type = _ID_TST_INFO
        content, at = _info(encoded, at + len(_TOKEN), size)
    else:
        raise DerMalformed("another content than expected")
    end = at + _LONG + int.from_bytes(encoded[at + 2 : at + _LONG], "big")
    pair = _certificates(encoded[at:end])
    opening = _signer_opening(size - end)
    named = [one for one in pair if encoded.startswith(one.identifier, end + len(opening))]
    if not encoded.startswith(opening, end) or len(named) != 1:
        raise DerMalformed("another signer than expected")
    certificate, identifier = named[0]
    others = (pair[1 if named[0] is pair[0] else 0].certificate,)
    attributes, signature, at = _signature(encoded, end + len(opening) + len(identifier))
    token = None if at == size else _timestamp(encoded, at)
    if content is not None and token is not None:
        raise DerMalformed("a time stamp on a token")
    return SignedData(content_type, content, attributes, signature, certificate, others, token)


def _info(encoded: bytes, at: int, size: int) -> tuple[bytes, int]:
    """The content of a token (RFC 5652 clause 5.2) and where it ends."""
    opening = _info_opening(encoded[at + 1])
    end = at + 2 + encoded[at + 1]
    if not encoded.startswith(opening, at) or end > size:
        raise DerMalformed("another content than expected")
    return encoded[at + len(opening) : end], end


@functools.lru_cache(maxsize=256)
def _info_opening(size: int) -> bytes:
    """The bytes before the TSTInfo in an EncapsulatedContentInfo of `size` octets; each length takes one."""
    inner = size - len(_ID_TST_INFO) - 2
    if inner < 2 or size >= 0x80:
        raise DerMalformed("not a length of one octet")
    return bytes((0x30, size)) + _ID_TST_INFO + bytes((0xA0, inner, 0x04, inner - 2))


class _Named(NamedTuple):
    certificate: bytes
    identifier: bytes


@functools.lru_cache(maxsize=256)  # every token carries the same set
def _certificates(encoded: bytes) -> tuple[_Named, _Named]:
    """The two certificates of a set in DER order, each with its IssuerAndSerialNumber."""
    first, second = der.children(der.read_whole(encoded, 0xA0), der.SEQUENCE, der.SEQUENCE)
    if first.whole >= second.whole:
        raise DerMalformed("certificates out of order")
    return (
        _Named(first.whole, issuer_and_serial(first.whole)),
        _Named(second.whole, issuer_and_serial(second.whole)),
    )


@functools.lru_cache(maxsize=4096)
def _signer_opening(size: int) -> bytes:
    """The heads of the set of signers and of the one SignerInfo that fill the last `size` octets, and its version."""
    return _long(0x31, size - _LONG) + _long(0x30, size - 2 * _LONG) + _VERSION_1


_BEFORE_ATTRIBUTES = _SHA256 + b"\xa0\x81"
_BEFORE_SIGNATURE = _ECDSA_WITH_SHA256 + b"\x04"


def _signature(encoded: bytes, at: int) -> tuple[bytes, bytes, int]:
    """The signed attributes as a SET, the signature, and where it ends (RFC 5652 clause 5.3)."""
    start = at + len(_SHA256)
    end = start + 3 + encoded[start + 2]
    if not encoded.startswith(_BEFORE_ATTRIBUTES, at) or encoded[start + 2] < 0x80:
        raise DerMalformed("other attributes than expected")
    if not encoded.startswith(_BEFORE_SIGNATURE, end):
        raise DerMalformed("another algorithm than expected")
    begin = end + len(_BEFORE_SIGNATURE) + 1
    length = encoded[begin - 1]
    if length >= 0x80 or begin + length > len(encoded):
        raise DerMalformed("another signature than expected")
    return b"\x31" + encoded[start + 1 : end], encoded[begin : begin + length], begin + length


def _timestamp(encoded: bytes, at: int) -> bytes:
    """The token in the only unsigned attribute, which fills the rest (EN 319 122-1 clause 5.3)."""
    opening = _timestamp_opening(len(encoded) - at)
    token = encoded[at + len(opening) :]
    if not encoded.startswith(opening, at) or not token.startswith(_long(0x30, len(token) - _LONG)):
        raise DerMalformed("another unsigned attribute than expected")
    return token


@functools.lru_cache(maxsize=4096)
def _timestamp_opening(size: int) -> bytes:
    """The bytes of `size` octets of unsigned attributes before the token."""
    inner = size - 2 * _LONG - len(_SIGNATURE_TIMESTAMP)
    return _long(0xA1, size - _LONG) + _long(0x30, size - 2 * _LONG) + _SIGNATURE_TIMESTAMP + _long(0x31, inner - _LONG)
