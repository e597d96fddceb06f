"""The pieces of PDF syntax (ISO 32000-1 clause 7) that this engine writes: strings, numbers, streams, indirect objects."""

import zlib
from binascii import hexlify
from collections.abc import Iterable
from functools import lru_cache

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
FREE_ROW = b"0000000000 65535 f \n"

Rectangle = tuple[float, float, float, float]


@lru_cache(maxsize=4096)
def number(value: float) -> bytes:
    """A real number with at most two decimals, without exponent or superfluous zeros (7.3.3)."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return b"0" if text == "-0" else text.encode()


def rectangle(corners: Rectangle) -> bytes:
    """A rectangle array [x0 y0 x1 y1] in points (7.9.5)."""
    return b"[" + b" ".join(number(value) for value in corners) + b"]"


def glyphs(text: str) -> bytes:
    """A string operand for the fonts of `font.py`: their code is the UTF-16 unit itself, so no table is needed."""
    return b"<" + hexlify(text.encode("utf-16-be")) + b">"


def text_string(text: str) -> bytes:
    """A text string of a dictionary (7.9.2.2): a literal when ASCII, UTF-16BE with byte order mark otherwise."""
    if text.isascii():
        return b"(" + text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode() + b")"
    return b"<feff" + hexlify(text.encode("utf-16-be")) + b">"


def stream(body: bytes, entries: bytes = b"", *, pack: bool = True) -> bytes:
    """A stream object's value (7.3.8), Flate-packed unless a reader must see it as it is."""
    if pack:
        body = zlib.compress(body, 9)
        entries += b"/Filter/FlateDecode"
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(body), body)


def indirect(object_number: int, value: bytes) -> bytes:
    """An indirect object of generation 0 (7.3.10)."""
    return b"%d 0 obj\n%s\nendobj\n" % (object_number, value)


def references(object_numbers: Iterable[int]) -> bytes:
    """References to objects of generation 0, separated by spaces."""
    return b" ".join(b"%d 0 R" % object_number for object_number in object_numbers)


def xref_row(offset: int) -> bytes:
    """One 20-byte row of a classic cross-reference table (7.5.4)."""
    return b"%010d 00000 n \n" % offset
