"""Pack the bytes of a revision: fold hex digits to bytes, then deflate against a sample of the same template (RFC 1950 with FDICT).

Two files of one template differ in a name, a few numbers and the signatures; most of the rest is hex: text, and signature values
with their padding. Packing is free of loss for any bytes. The stream names its dictionary by Adler-32 and ends with the Adler-32
of what was packed, so neither a wrong dictionary nor a damaged entry unpacks.
"""

import re
import struct
import zlib

from app.document.errors import StoreDamaged

_PACKED = b"\x00\x01"  # no revision of a PDF begins so: entries that were stored as they are need no mark of their own
_HEX = re.compile(rb"<([0-9a-f]{16,})>")
_LEVEL = 6


def fold(data: bytes) -> bytes:
    """Return data with long `<hex>` strings as bytes: a count, the lengths of the segments before folding, the segments.

    Segments are other bytes and hex digits in turn; numbers are 32 bits, little endian.
    """
    segments = _HEX.split(data)
    lengths = [len(segment) for segment in segments]
    for i in range(1, len(segments), 2):
        digits = segments[i].decode()
        segments[i] = bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
    return struct.pack(f"<{len(lengths) + 1}I", len(lengths), *lengths) + b"".join(segments)


def unfold(folded: bytes) -> bytes:
    """Undo `fold`."""
    (count,) = struct.unpack_from("<I", folded)
    lengths = struct.unpack_from(f"<{count}I", folded, 4)
    at, pieces = 4 + 4 * count, []
    for i, length in enumerate(lengths):
        size = (length + 1) // 2 if i % 2 else length
        segment = folded[at : at + size]
        pieces.append(b"<%s>" % segment.hex()[-length:].encode() if i % 2 else segment)
        at += size
    return b"".join(pieces)


def pack(data: bytes, dictionary: bytes) -> bytes:
    """Return a self-describing entry; `dictionary` is the folded sample it is packed against."""
    packer = zlib.compressobj(_LEVEL, zdict=dictionary)
    return _PACKED + packer.compress(fold(data)) + packer.flush()


def is_packed(entry: bytes) -> bool:
    """Tell whether an entry needs a dictionary to be read; if not, it is the revision itself."""
    return entry.startswith(_PACKED)


def unpack(entry: bytes, dictionary: bytes) -> bytes:
    """Undo `pack`; raises `StoreDamaged` when the entry or the dictionary is not what it was."""
    unpacker = zlib.decompressobj(zdict=dictionary)
    try:
        folded = unpacker.decompress(entry[len(_PACKED) :])
    except zlib.error as error:
        raise StoreDamaged(reason=str(error)) from error
    if not unpacker.eof or unpacker.unused_data:
        raise StoreDamaged(reason="entry cut short or overlong")
    return unfold(folded)
