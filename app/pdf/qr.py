"""QR codes by table: for a fixed version, mask and length a QR code (ISO/IEC 18004) is linear over GF(2) in its data bits.

Reed-Solomon coding and placement are linear and the mask is constant, so the code of any text is the code of one text, XORed with
precomputed patterns for the characters that differ. The patterns come from segno, and so do, bit for bit, the results.
"""

from dataclasses import dataclass

import segno

_QUIET = 2  # modules inside the image; the page around it is white
_MASK = 2
_ORIGIN = "@"  # 0x40: every ASCII text is reached from a row of these by flipping bits


@dataclass(frozen=True)
class QrTable:
    """The table for texts `leading + 22 ASCII characters`; one image is `side` x `side` modules, 1 bit each, 1 is dark.

    For each place there are the patterns of the upper three bits and of the lower four: with one for each character the table
    would be five times as large and fall out of the processor's cache between two documents.
    """

    side: int
    base: int
    patterns: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]

    @property
    def stride(self) -> int:
        """Bytes in a row of the image; rows are padded to whole bytes."""
        return (self.side + 7) // 8

    @property
    def size(self) -> int:
        """Bytes in an image."""
        return self.stride * self.side

    def image(self, code: bytes) -> bytes:
        """The image for `code`, which must have as many ASCII characters as the table was made for."""
        if len(code) != len(self.patterns):
            raise ValueError(f"the code has {len(code)} characters, the table is for {len(self.patterns)}")
        bits = self.base
        for (upper, lower), character in zip(self.patterns, code, strict=True):
            bits ^= upper[character >> 4] ^ lower[character & 15]
        return bits.to_bytes(self.size, "big")


def _bits(text: str, version: int | None) -> tuple[int, int, int]:
    """(version, side, image as one integer) of `text` as segno draws it: level M, byte mode, fixed mask."""
    code = segno.make_qr(text, version=version, error="m", mode="byte", mask=_MASK, boost_error=False)
    side = len(code.matrix) + 2 * _QUIET
    padding = -side % 8
    bits = 0
    blank = [0] * side
    quiet = [0] * _QUIET
    rows = (
        [blank] * _QUIET + [quiet + [int(bool(cell)) for cell in row] + quiet for row in code.matrix] + [blank] * _QUIET
    )
    for row in rows:
        for cell in row:
            bits = bits << 1 | cell
        bits <<= padding
    return int(code.version), side, bits


def qr_table(leading: str, length: int) -> QrTable:
    """The table for texts that begin with `leading` and end with `length` ASCII characters."""
    version, side, base = _bits(leading + _ORIGIN * length, None)
    patterns = []
    for position in range(length):
        flips = []
        for bit in range(7):
            flipped = chr(ord(_ORIGIN) ^ (1 << bit))
            text = leading + _ORIGIN * position + flipped + _ORIGIN * (length - position - 1)
            flips.append(_bits(text, version)[2] ^ base)
        upper = tuple(_pattern(flips, bits << 4 ^ ord(_ORIGIN)) for bits in range(8))
        lower = tuple(_pattern(flips, bits) for bits in range(16))
        patterns.append((upper, lower))
    return QrTable(side, base, tuple(patterns))


def _pattern(flips: list[int], flipped: int) -> int:
    pattern = 0
    for bit in range(7):
        if flipped >> bit & 1:
            pattern ^= flips[bit]
    return pattern
