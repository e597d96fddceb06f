"""Pack the bytes of a revision: Zstandard (RFC 8878) against a sample of the same template.

Two files of one template differ in a name, a few numbers and the signatures; a sample of the same kind as dictionary takes care of all
the rest in microseconds. Packing is free of loss for any bytes; the frame ends with a checksum of what was packed, so neither a
wrong dictionary nor a damaged entry unpacks.
"""

from collections.abc import Iterable
from functools import lru_cache

from zstandard import (
    DICT_TYPE_RAWCONTENT,
    ZstdCompressionDict,
    ZstdCompressor,
    ZstdDecompressor,
    ZstdError,
    frame_content_size,
)

from app.document.errors import StoreDamaged

_PACKED = b"\x28\xb5\x2f\xfd"  # the frame's magic number; no revision of a PDF begins so, and what was stored as it is needs no mark
_MOST_BYTES = 64 << 20  # of one revision; a damaged frame may claim more
_LEVEL = 1  # level 6 saves two bytes in a hundred and takes four times as long


def pack(revisions: Iterable[bytes], dictionary: bytes) -> list[bytes]:
    """Return a self-describing entry for each; `dictionary` is the sample they are packed against."""
    packer = ZstdCompressor(dict_data=_digested(dictionary), write_checksum=True, write_content_size=True)
    return [packer.compress(data) for data in revisions]


def is_packed(entry: bytes) -> bool:
    """Tell whether an entry needs a dictionary to be read; if not, it is the revision itself."""
    return entry.startswith(_PACKED)


def unpack(entry: bytes, dictionary: bytes) -> bytes:
    """Undo `pack`; raises `StoreDamaged` when the entry or the dictionary is not what it was."""
    unpacker = ZstdDecompressor(dict_data=ZstdCompressionDict(dictionary, dict_type=DICT_TYPE_RAWCONTENT))
    try:
        if not 0 <= frame_content_size(entry) <= _MOST_BYTES:
            raise StoreDamaged(reason="entry claims an impossible length")
        return unpacker.decompress(entry, allow_extra_data=False)
    except ZstdError as error:
        raise StoreDamaged(reason=str(error)) from error


@lru_cache(maxsize=64)
def _digested(dictionary: bytes) -> ZstdCompressionDict:
    """Digesting takes as long as packing ten entries; unlike a compressor, the result may be used by many threads at once."""
    digested = ZstdCompressionDict(dictionary, dict_type=DICT_TYPE_RAWCONTENT)
    digested.precompute_compress(level=_LEVEL)
    return digested
