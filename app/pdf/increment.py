"""The end of a file or of a revision: objects, the signature value with its hole, cross-reference table, trailer.

The shape of a signature value is fixed, because the browser finds it by regular expression before it signs:
`/ByteRange[0 b c d` then spaces, `]/Contents<` then zeros, `>`. The numbers are decimal without leading zeros; they and the
spaces after them take 30 bytes together, so the hole's place is known before anything is hashed. b is the offset of `<`, c is one
past `>`, c + d is the length of the file at that revision.
"""

from binascii import hexlify
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.pdf.errors import SignatureTooLarge
from app.pdf.syntax import indirect

_RANGE_WIDTH = 30
_BEFORE_RANGE = b"/ByteRange[0 "
_AFTER_RANGE = b"]/Contents"

Sign = Callable[[bytes], bytes]
"""SHA-256 digest of the covered bytes -> DER of a CMS signature or of a time-stamp token."""


Closing = Callable[[Sequence[tuple[int, int]], int], bytes]
"""[(object number, offset)], offset of the cross-reference table -> table and trailer."""


@dataclass(frozen=True)
class Increment:
    """Bytes to append, in the two pieces that the signature covers; `hole` is (offset of '<', one past '>') in the file."""

    before: bytes
    after: bytes
    hole: tuple[int, int]

    def sealed(self, signature: bytes) -> bytes:
        """The bytes with `signature` (DER) in the hole; empty leaves it zero. Raises `SignatureTooLarge`."""
        digits = self.hole[1] - self.hole[0] - 2
        return b"".join((self.before, _contents(signature, digits), self.after))


def _contents(signature: bytes, digits: int) -> bytes:
    if 2 * len(signature) > digits:
        raise SignatureTooLarge(len(signature), digits // 2)
    return b"<" + hexlify(signature).ljust(digits, b"0") + b">"


def trailer(size: int, entries: bytes, first_id: bytes, last_id: bytes, startxref: int) -> bytes:
    """A trailer (ISO 32000-1 7.5.5); the ids are 32 hex digits."""
    return b"trailer\n<</Size %d%s/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        entries,
        first_id,
        last_id,
        startxref,
    )


@dataclass(frozen=True)
class Laid:
    """Indirect objects one after the other, and where each begins: [(object number, offset from the first)]."""

    body: bytes
    offsets: tuple[tuple[int, int], ...]


def lay_out(objects: Sequence[tuple[int, bytes]]) -> Laid:
    """`objects` (number, value) as indirect objects; they do not depend on where they come to stand."""
    offsets, parts, at = [], [], 0
    for object_number, body in objects:
        part = indirect(object_number, body)
        offsets.append((object_number, at))
        parts.append(part)
        at += len(part)
    return Laid(b"".join(parts), tuple(offsets))


def plain_increment(start: int, objects: Sequence[tuple[int, bytes]], closing: Closing) -> bytes:
    """`objects` (number, value) from file offset `start`, closed without a signature."""
    laid = lay_out(objects)
    offsets = [(object_number, start + at) for object_number, at in laid.offsets]
    return laid.body + closing(offsets, start + len(laid.body))


def build_increment(
    start: int,
    objects: Sequence[tuple[int, bytes]] | Laid,
    value: tuple[int, bytes],
    room: int,
    closing: Closing,
) -> Increment:
    """Lay out `objects` (number, value) from file offset `start`, then the signature value with `room` bytes for it."""
    laid = objects if isinstance(objects, Laid) else lay_out(objects)
    at = start + len(laid.body)
    value_number, entries = value
    offsets = [(object_number, start + offset) for object_number, offset in laid.offsets]
    offsets.append((value_number, at))
    head = b"%d 0 obj\n%s%s" % (value_number, entries, _BEFORE_RANGE)
    hole_start = at + len(head) + _RANGE_WIDTH + len(_AFTER_RANGE)
    hole_end = hole_start + 2 * room + 2
    end_of_value = b">>\nendobj\n"
    after = end_of_value + closing(offsets, hole_end + len(end_of_value))
    covered = b"%d %d %d" % (hole_start, hole_end, len(after))
    before = b"".join((laid.body, head, covered.ljust(_RANGE_WIDTH), _AFTER_RANGE))
    return Increment(before, after, (hole_start, hole_end))


def embed(tail: bytes, *, hole: tuple[int, int], prefix_length: int, cms: bytes) -> bytes:
    """`tail` with `cms` in its hole, same length.

    `hole` counts from the start of the file and `prefix_length` is where `tail` begins in it. Raises `SignatureTooLarge` when the
    signature outgrew the hole: it is never truncated.
    """
    start, end = hole[0] - prefix_length, hole[1] - prefix_length
    return tail[:start] + _contents(cms, end - start - 2) + tail[end:]
