"""Looks into an XLSX (ECMA-376 part 2: a ZIP): what it claims to hold, what it unpacks to, and the rows of its sheets.

What is refused is refused before anything is unpacked, by what the directory of the ZIP says; a part that then unpacks to another size
or checksum than it claimed is refused while it streams.
"""

import html
import itertools
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from app.asn import worksheet
from app.asn.cell import Cell
from app.asn.refusal import SheetRefused
from app.asn.worksheet import Row, Unusual

ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_CHUNK = 1 << 20
_OVERLAP = 64
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 1
_MAX_PARTS = 10_000
_REFERENCE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{1,8})([0-9]{1,10})")
_LARGE, _MOST_RATIO = 50_000_000, 250
"""A part this large that shrank this much is no table of people: deflate reaches 1,000 for repetition alone."""
_MACROS = ("vbaProject.bin", "vbaProjectSignature.bin")
_SHEET = re.compile(rb"<sheet\s[^>]*>")
_RELATION = re.compile(rb"<Relationship\s[^>]*>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*[\"']([^\"']*)[\"']")
_EPOCH_1904 = re.compile(rb"date1904\s*=\s*[\"'](?:1|true)")
_ODD_BOOK = re.compile(rb"<\w+:sheet\s|<!--|<!\[CDATA\[")
_WORKBOOK = "xl/workbook.xml"
_BINARY_WORKBOOK = "xl/workbook.bin"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a workbook may hold: bytes when unpacked, and cells of its sheets' grids (rows times columns, empty ones too)."""

    unpacked: int = 1_000_000_000
    cells: int = 20_000_000


def refuse_unless_safe(path: Path, limits: Limits) -> None:
    """Raise SheetRefused when the file is no XLSX, holds macros, is encrypted or damaged, or claims more than the limits allow."""
    with _refusing(), zipfile.ZipFile(path) as archive:
        _look(archive, limits)


def refuse_unless_small(path: Path, limits: Limits) -> None:
    """Unpack everything once and raise SheetRefused when it is more than the limits allow, whatever was claimed."""
    with _refusing(), zipfile.ZipFile(path) as archive, path.open("rb") as file:
        _measure(archive, file, limits)


def visible_sheets(path: Path, limits: Limits) -> Iterator[tuple[str, Iterator[Sequence[Cell]]]]:
    """Yield (name, rows) of every visible sheet; raises SheetRefused when the file is no workbook or too much of one.

    Rows stream; where a sheet is written in an unusual way the rest of it is read by a reader that takes it whole.
    """
    refuse_unless_safe(path, limits)
    with _refusing(), zipfile.ZipFile(path) as archive:
        sheets = _streams(path, archive)
        for name, parts in sheets or ():
            yield name, _with_fallback(path, limits, name, parts)
        if sheets is None:
            yield from _whole_sheets(path, limits)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what a damaged archive raises into a refusal."""
    try:
        yield
    except SheetRefused:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        NotImplementedError,
        UnicodeDecodeError,
        ValueError,
        EOFError,
    ):
        raise SheetRefused("sheet.damaged") from None


def _with_fallback(path: Path, limits: Limits, name: str, streamed: Iterator[Row]) -> Iterator[Sequence[Cell]]:
    passed = 0
    try:
        with _refusing():
            for row in streamed:
                yield row
                passed += 1
    except Unusual:
        whole = next((rows for sheet, rows in _whole_sheets(path, limits) if sheet == name), iter(()))
        yield from itertools.islice(whole, passed, None)


def _streams(path: Path, archive: zipfile.ZipFile) -> list[tuple[str, Iterator[Row]]] | None:
    """Return (name, rows) of the visible sheets; None when the workbook is written in an unusual way."""
    try:
        parts = {part.filename: part for part in archive.infolist()}
        book = _content(path, parts[_WORKBOOK])
        targets = dict(_relations(_content(path, parts["xl/_rels/workbook.xml.rels"])))
        if _EPOCH_1904.search(book) or _ODD_BOOK.search(book):
            return None
        strings = parts.get("xl/sharedStrings.xml")
        texts = worksheet.shared_strings(_content(path, strings)) if strings else []
        found = []
        for tag in _SHEET.findall(book):
            facts = {key.decode(): html.unescape(value.decode()) for key, value in _ATTRIBUTE.findall(tag)}
            if facts.get("state", "visible") == "visible" and "worksheets/" in targets[facts["r:id"]]:
                part = parts[targets[facts["r:id"]]]
                found.append((facts["name"], worksheet.rows(_part(path, part), texts)))
    except (KeyError, Unusual, UnicodeDecodeError):
        return None
    return found or None


def _relations(content: bytes) -> Iterator[tuple[str, str]]:
    for tag in _RELATION.findall(content):
        facts = {key.decode(): html.unescape(value.decode()) for key, value in _ATTRIBUTE.findall(tag)}
        target = facts.get("Target", "")
        yield facts.get("Id", ""), target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _content(path: Path, part: zipfile.ZipInfo) -> bytes:
    return b"".join(_part(path, part))


def _part(path: Path, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from worksheet.checked(_unpack(file, part), part.file_size, part.CRC)


def _whole_sheets(path: Path, limits: Limits) -> Iterator[tuple[str, Iterator[Sequence[Cell]]]]:
    """Yield (name, rows) of every visible sheet, each read whole: its grid is measured before, a reader allocates it."""
    refuse_unless_small(path, limits)
    try:
        book = CalamineWorkbook.from_path(path)
        for sheet in book.sheets_metadata:
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible:
                yield sheet.name, iter(book.get_sheet_by_name(sheet.name).iter_rows())
    except PasswordError:
        raise SheetRefused("sheet.encrypted") from None
    except CalamineError:
        raise SheetRefused("sheet.damaged") from None


def is_encrypted(path: Path) -> bool:
    """Tell whether an OLE file is an encrypted XLSX ([MS-OFFCRYPTO] 2.3.2: a stream named EncryptedPackage)."""
    return "EncryptedPackage".encode("utf-16-le") in path.read_bytes()


def _look(archive: zipfile.ZipFile, limits: Limits) -> None:
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if _WORKBOOK not in names:
        raise SheetRefused("sheet.old_format" if _BINARY_WORKBOOK in names else "sheet.not_spreadsheet")
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise SheetRefused("sheet.encrypted")
    if any(name.endswith(_MACROS) for name in names):
        raise SheetRefused("sheet.macros")
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > limits.unpacked:
        raise SheetRefused("sheet.too_large")
    if any(part.file_size > _LARGE and part.file_size > _MOST_RATIO * part.compress_size for part in parts):
        raise SheetRefused("sheet.too_large")


def _measure(archive: zipfile.ZipFile, file: BinaryIO, limits: Limits) -> None:
    unpacked = cells = 0
    for part in archive.infolist():
        grid = _Grid() if part.filename.startswith("xl/worksheets/") else None
        for chunk in _unpack(file, part):
            unpacked += len(chunk)
            if grid:
                grid.see(chunk)
            if unpacked > limits.unpacked or (grid and cells + grid.cells > limits.cells):
                raise SheetRefused("sheet.too_large")
        cells += grid.cells if grid else 0


def _unpack(file: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content of a part, whatever size it claims (PKWARE APPNOTE 4.3.7: the local header, then the data)."""
    if part.header_offset < 0:
        raise SheetRefused("sheet.damaged")
    file.seek(part.header_offset)
    magic, name_size, extra_size = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if magic != ZIP_MAGIC or part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise SheetRefused("sheet.damaged")
    file.seek(name_size + extra_size, 1)
    left = part.compress_size
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    while left > 0 and (packed := file.read(min(left, _CHUNK))):
        left -= len(packed)
        if part.compress_type == zipfile.ZIP_STORED:
            yield packed
            continue
        while packed:
            yield inflater.decompress(packed, _CHUNK)
            packed = inflater.unconsumed_tail


class _Grid:
    """The farthest cell of a sheet seen so far."""

    def __init__(self) -> None:
        self._rows = 0
        self._columns = 0
        self._tail = b""

    @property
    def cells(self) -> int:
        return self._rows * self._columns

    def see(self, chunk: bytes) -> None:
        """Take note of the cell references of a piece of the sheet's XML (ECMA-376 part 1, 18.3.1.4: attribute r)."""
        window = self._tail + chunk
        self._tail = window[-_OVERLAP:]
        references = _REFERENCE.findall(window)
        if references:
            letters, digits = zip(*references, strict=True)
            self._columns = max(self._columns, *map(_column_number, set(letters)))
            self._rows = max(self._rows, *map(int, set(digits)))


def _column_number(letters: bytes) -> int:
    """Return the number of a column from its letters: A is 1, XFD is 16,384."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
