"""DER (ITU-T X.690): small builders for what we write, and a strict reader for what we check.

Tags are single bytes as they stand in the encoding (0x30 a SEQUENCE, 0xA0 the constructed context tag 0). Builders take
already encoded parts. The reader knows definite, minimal lengths below 16 MiB only; everything else is `DerMalformed`.
"""

import functools
from datetime import UTC, datetime
from typing import NamedTuple

from app.pki.errors import DerMalformed

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, PRINTABLE_STRING, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x13, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
TRUE = b"\x01\x01\xff"
LENGTH_OCTETS = 3


def head(tag: int, size: int) -> bytes:
    """Tag and shortest definite length of an element with `size` content octets (X.690 clauses 8.1.3 and 10.1)."""
    if size < 0x80:
        return bytes((tag, size))
    if 0x100 <= size <= 0xFFFF:
        return bytes((tag, 0x82, size >> 8, size & 0xFF))
    octets = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets)) + size.to_bytes(octets, "big")


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element: tag, shortest definite length, the parts as its content."""
    body = b"".join(parts)
    return head(tag, len(body)) + body


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of encoded parts, in the order given."""
    return tlv(SEQUENCE, *parts)


def enclosed(outer: int, inner: int, *parts: bytes) -> bytes:
    """One element of encoded parts as the only content of another."""
    size = sum([len(part) for part in parts])
    inside = head(inner, size)
    return b"".join((head(outer, len(inside) + size), inside, *parts))


def set_of(*parts: bytes, tag: int = SET) -> bytes:
    """A SET OF in the order DER asks for (X.690 clause 11.6); `tag` for an implicitly tagged one."""
    return tlv(tag, *sorted(parts))


def integer(value: int) -> bytes:
    """An INTEGER of zero or more; we write no negative ones."""
    if value < 0:
        raise ValueError("negative numbers are not written here")
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octet_string(value: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(OCTET_STRING, value)


def bit_string(value: bytes, unused: int = 0) -> bytes:
    """A BIT STRING whose last octet leaves `unused` bits out."""
    return tlv(BIT_STRING, bytes((unused,)), value)


def utf8_string(value: str) -> bytes:
    """A UTF8String."""
    return tlv(UTF8_STRING, value.encode())


def printable_string(value: str) -> bytes:
    """A PrintableString; the caller keeps to its alphabet."""
    return tlv(PRINTABLE_STRING, value.encode("ascii"))


def explicit(number: int, *parts: bytes) -> bytes:
    """A constructed context-specific element `[number]`."""
    return tlv(0xA0 | number, *parts)


@functools.cache
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    body = bytearray()
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | (arc & 0x7F))
        body += bytes(reversed(groups))
    return tlv(OID, bytes(body))


def generalized_time(at: datetime) -> bytes:
    """A GeneralizedTime in UTC with whole seconds, as RFC 3161 clause 2.4.2 and RFC 5280 clause 4.1.2.5.2 want it."""
    return _generalized_time(_second(at))


def validity_time(at: datetime) -> bytes:
    """The Time of certificates and CRLs: UTCTime through 2049, GeneralizedTime after (RFC 5280 clause 4.1.2.5)."""
    second = _second(at)
    return _utc_time(second) if second.year < 2050 else _generalized_time(second)


def _second(at: datetime) -> datetime:
    at = at.astimezone(UTC)
    return at.replace(microsecond=0) if at.microsecond else at


# a batch is made in few different seconds, and strftime is slower than all else in a token
@functools.lru_cache(maxsize=1024)
def _generalized_time(second: datetime) -> bytes:
    return tlv(GENERALIZED_TIME, second.strftime("%Y%m%d%H%M%SZ").encode())


@functools.lru_cache(maxsize=1024)
def _utc_time(second: datetime) -> bytes:
    return tlv(UTC_TIME, second.strftime("%y%m%d%H%M%SZ").encode())


class Node(NamedTuple):
    """One element inside `data`: its tag, where it starts, where its content starts, and where it ends."""

    data: bytes
    tag: int
    start: int
    body_start: int
    end: int

    @property
    def body(self) -> bytes:
        """The content octets."""
        return self.data[self.body_start : self.end]

    @property
    def whole(self) -> bytes:
        """Tag, length and content octets."""
        return self.data[self.start : self.end]


_new = tuple.__new__  # a third of the time of Node(…), in the one place where nodes are made by the hundred


def read(data: bytes, start: int, limit: int) -> Node:
    """The element that starts at `start` and must end at or before `limit`."""
    if start + 2 > limit:
        raise DerMalformed("an element is cut off")
    tag, size = data[start], data[start + 1]
    if tag & 0x1F == 0x1F:
        raise DerMalformed("a tag of several bytes")
    body_start = start + 2
    if size >= 0x80:
        octets = size & 0x7F
        body_start += octets
        if not 1 <= octets <= LENGTH_OCTETS or body_start > limit:
            raise DerMalformed("a length that is indefinite, too long or cut off")
        size = int.from_bytes(data[start + 2 : body_start], "big")
        if size < 0x80 or size.bit_length() <= 8 * (octets - 1):
            raise DerMalformed("a length that is not minimal")
    end = body_start + size
    if end > limit:
        raise DerMalformed("an element reaches out of its parent")
    return _new(Node, (data, tag, start, body_start, end))


def read_whole(data: bytes, tag: int) -> Node:
    """The one element that fills `data`, which must have this tag."""
    node = read(data, 0, len(data))
    if node.tag != tag or node.end != len(data):
        raise DerMalformed("other bytes than one element of the expected kind")
    return node


def children(node: Node, *tags: int) -> list[Node]:
    """The elements inside a constructed one; they must fill it, and when `tags` are given be exactly those."""
    if not node.tag & 0x20:
        raise DerMalformed("a primitive element has no parts")
    data, position, end = node.data, node.body_start, node.end
    found = []
    while position < end:
        found.append(part := read(data, position, end))
        position = part.end
    if tags and [part.tag for part in found] != list(tags):
        raise DerMalformed("other parts than expected")
    return found


def read_integer(node: Node) -> int:
    """The value of a non-negative INTEGER in its shortest form."""
    body = node.body
    if node.tag != INTEGER or not body or body[0] >= 0x80 or (len(body) > 1 and body[0] == 0 and body[1] < 0x80):
        raise DerMalformed("not a shortest non-negative number")
    return int.from_bytes(body, "big")


def read_time(node: Node) -> datetime:
    """The moment of a UTCTime or GeneralizedTime with whole seconds and Z."""
    return _moment(node.tag, node.body)


@functools.lru_cache(maxsize=4096)
def _moment(tag: int, body: bytes) -> datetime:
    try:
        text = body.decode("ascii")
        if tag == UTC_TIME and len(text) == 13:
            text = ("20" if text < "50" else "19") + text
        elif tag != GENERALIZED_TIME:
            raise DerMalformed("not a time")
        if len(text) != 15 or not text[:14].isdigit() or text[14] != "Z":
            raise DerMalformed("a time without whole seconds in UTC")
        year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
        return datetime(year, month, day, int(text[8:10]), int(text[10:12]), int(text[12:14]), tzinfo=UTC)
    except ValueError as error:
        raise DerMalformed("a time that does not exist") from error
