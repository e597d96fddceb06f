"""Reads the rows of a worksheet as they are unpacked (ECMA-376 part 1, 18.3.1: sheetData, row, c), so that any length takes no memory.

It knows the XML that spreadsheets and exports really write: UTF-8, no prefixes, every cell with its reference. What is written otherwise
raises `Unusual`, and the caller reads the whole file with a full reader instead. Of a row only the cells asked for are taken apart: of
SIASN's 69 columns 20 are kept.
"""

import html
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import overload

from app.asn.cell import Cell
from app.asn.refusal import SheetRefused

MOST_ROWS = 1 << 20
_LONGEST_ROW = 16 << 20
_ROW_NUMBER = re.compile(rb'<row\b[^>]*?\sr="([0-9]{1,8})"')
_TYPE = re.compile(rb'\st="([A-Za-z]+)"')
_TEXT = re.compile(rb"<t(?:\s[^>]*)?>(.*?)</t>", re.DOTALL)
_PHONETIC = re.compile(rb"<rPh\b.*?</rPh>", re.DOTALL)
_VALUE = re.compile(rb"<v(?:\s[^>]*)?>(.*?)</v>", re.DOTALL)
_ITEM = re.compile(rb"<si(?:\s[^>]*)?>(.*?)</si>|<si\s*/>", re.DOTALL)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LETTERS = [
    *(bytes([65 + i]) for i in range(26)),
    *(bytes([65 + i, 65 + j]) for i in range(26) for j in range(26)),
]
_DIGITS = b"0123456789"
_ODD = (b"<!", b"<c>", b"<c\n", b"<c\r", b"<c\t")
"""Comments and CDATA sections, and cells without a reference or with another space before it."""


class Unusual(Exception):
    """The XML is written in a way that this reader does not know; nothing is said about whether it is right."""


class Row(Sequence[Cell]):
    """One row; a cell is looked for and taken apart when it is asked for."""

    __slots__ = ("_by_letters", "_cells", "_strings", "_width")

    def __init__(self, cells: Sequence[bytes], strings: Sequence[str]) -> None:
        self._cells = cells
        self._strings = strings
        self._by_letters: dict[bytes, bytes] | None = None
        self._width = _number(_letters(cells[-1])) if cells else 0

    def __len__(self) -> int:
        return self._width

    @overload
    def __getitem__(self, place: int) -> Cell: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Cell]: ...
    def __getitem__(self, place: int | slice) -> Cell | Sequence[Cell]:
        """Return the cell at a place (from 0), None where nothing is written."""
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(self._width))]
        if not 0 <= place < self._width:
            raise IndexError(place)
        cell = self._find(place) if place < len(_LETTERS) else None
        return None if cell is None else _value(cell, self._strings)

    def _find(self, place: int) -> bytes | None:
        letters = _LETTERS[place]
        if self._by_letters is None:
            # Exports write every cell, so that the n-th is the one of the n-th column.
            end = 3 + len(letters)
            if place < len(self._cells):
                cell = self._cells[place]
                if cell[3:end] == letters and cell[end] in _DIGITS:
                    return cell
            self._by_letters = {_letters(cell): cell for cell in self._cells}
        return self._by_letters.get(letters)


def shared_strings(content: bytes) -> list[str]:
    """Return the shared strings of a workbook (18.4.8), phonetic hints left out."""
    if b"<!" in content:
        raise Unusual
    return [
        "".join(_plain(text) for text in _TEXT.findall(_PHONETIC.sub(b"", item))) for item in _ITEM.findall(content)
    ]


def rows(chunks: Iterator[bytes], strings: Sequence[str]) -> Iterator[Row]:
    """Yield every row from the first on, blank ones too; raises Unusual, or SheetRefused when rows go backwards."""
    blank = Row((), strings)
    last = 0
    rest = b""
    for chunk in chunks:
        window = rest + chunk
        whole, end, rest = window.rpartition(b"</row>")
        if not end:
            if len(rest) > _LONGEST_ROW:
                raise Unusual
            continue
        if any(odd in whole for odd in _ODD):
            raise Unusual
        for written in whole.split(b"</row>"):
            number, row = _row(written, last, strings)
            if number <= last or number > MOST_ROWS:
                raise SheetRefused("sheet.damaged")
            for _ in range(last + 1, number):
                yield blank
            yield row
            last = number
    if not last and b"<sheetData/>" not in rest:
        raise Unusual


def _row(written: bytes, last: int, strings: Sequence[str]) -> tuple[int, Row]:
    head, *cells = written.split(b"<c ")
    opening = head.rfind(b"<row")
    if opening < 0 or (cells and not cells[0].startswith(b'r="')):
        raise Unusual
    match = _ROW_NUMBER.match(head, opening)
    if match is None and b" r=" in head[opening:]:
        raise Unusual
    return int(match[1]) if match else last + 1, Row(cells, strings)


def _letters(cell: bytes) -> bytes:
    """Return the letters of a cell's reference."""
    end = cell.find(b'"', 3)
    letters = cell[3:end].rstrip(_DIGITS)
    if not cell.startswith(b'r="') or end < 0 or not letters.isalpha() or not letters.isupper() or len(letters) > 3:
        raise SheetRefused("sheet.damaged")
    return letters


def _value(cell: bytes, strings: Sequence[str]) -> Cell:
    # The two ways nearly every cell is written, without a pattern: one run of text, or a number of a shared string.
    start = cell.find(b"<t>")
    if start >= 0:
        end = cell.find(b"</t>", start)
        if end >= 0 and cell.find(b"<t", end + 4) < 0:
            return _plain(cell[start + 3 : end])
    opening = cell.find(b">")
    kind = _TYPE.search(cell, 0, opening)
    form = kind[1] if kind else b"n"
    if form == b"inlineStr":
        return "".join(_plain(text) for text in _TEXT.findall(_PHONETIC.sub(b"", cell)))
    stated = _VALUE.search(cell, opening)
    if stated is None:
        return None
    if form == b"s":
        return _shared(stated[1], strings)
    if form == b"n":
        return _measure(stated[1])
    return stated[1].strip() == b"1" if form == b"b" else _plain(stated[1])


def _shared(stated: bytes, strings: Sequence[str]) -> str:
    place = stated.strip()
    if not place.isdigit() or int(place) >= len(strings):
        raise SheetRefused("sheet.damaged")
    return strings[int(place)]


def _measure(stated: bytes) -> float | None:
    try:
        return float(stated) if stated.strip() else None
    except ValueError:
        raise SheetRefused("sheet.damaged") from None


def _plain(text: bytes) -> str:
    try:
        line = text.decode()
    except UnicodeDecodeError:
        raise SheetRefused("sheet.damaged") from None
    if "&" in line:
        line = html.unescape(line)
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), line) if "_x" in line else line


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def checked(chunks: Iterator[bytes], size: int, crc: int) -> Iterator[bytes]:
    """Pass chunks on; raises SheetRefused at the end when they are not of the size and the checksum that were stated."""
    seen = total = 0
    for chunk in chunks:
        total += len(chunk)
        seen = zlib.crc32(chunk, seen)
        if total > size:
            raise SheetRefused("sheet.too_large")
        yield chunk
    if (total, seen) != (size, crc):
        raise SheetRefused("sheet.damaged")
