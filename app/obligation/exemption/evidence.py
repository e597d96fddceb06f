"""Evidence is known by what is in it, never by its name: PDF (ISO 32000), JPEG (ISO 10918-1 annex B) or PNG (ISO 15948).

Nothing is rendered or run here; a file that begins and ends as its kind does is kept as it is and given back as a download only.
"""

import hashlib
import struct
import zlib

from app.obligation.errors import EvidenceRefused

SUFFIXES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
_PNG = b"\x89PNG\r\n\x1a\n"
_TAIL = 1024


def media_type(data: bytes) -> str:
    """Return the media type of evidence; raises `EvidenceRefused`."""
    if data.startswith(b"%PDF-") and b"%%EOF" in data[-_TAIL:]:
        return "application/pdf"
    if _is_jpeg(data):
        return "image/jpeg"
    if _is_png(data):
        return "image/png"
    raise EvidenceRefused


def blob_name(sha256: str) -> str:
    """Return the name evidence is kept under."""
    return f"evidence/{sha256}"


def digest(data: bytes) -> str:
    """Return the SHA-256 of evidence in hex."""
    return hashlib.sha256(data).hexdigest()


def _is_jpeg(data: bytes) -> bool:
    """Whether segments lead from the start of image to a frame header with a size, and the image ends (B.1.1.3)."""
    if not data.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in data[-_TAIL:]:
        return False
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4])
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return bool(height and width)
        if length < 2 or marker == 0xDA:
            return False
        place += 2 + length
    return False


def _is_png(data: bytes) -> bool:
    """Whether an image header with its right checksum comes first, and the end chunk last (clause 5)."""
    if not data.startswith(_PNG + b"\x00\x00\x00\x0dIHDR") or len(data) < 33 or b"IEND" not in data[-_TAIL:]:
        return False
    width, height, checksum = struct.unpack(">II5xI", data[16:33])
    return bool(width and height) and zlib.crc32(data[12:29]) == checksum
