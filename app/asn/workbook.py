"""Looks into an XLSX before it is opened (ECMA-376 part 2: a ZIP): what it would unpack to, and how large its grid is.

The sizes that a ZIP states are claims, so every part is really unpacked, a chunk at a time, and counted. The grid is
counted because a reader allocates it whole: two cells at opposite corners of a sheet are enough to exhaust the memory.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.asn.refusal import SheetRefused

ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_CHUNK = 1 << 20
_OVERLAP = 64
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 1
_MAX_PARTS = 10_000
_REFERENCE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{1,8})([0-9]{1,10})")
_WORKBOOK = "xl/workbook.xml"
_BINARY_WORKBOOK = "xl/workbook.bin"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a workbook may hold: bytes when unpacked, and cells of its sheets' grids (rows times columns, empty ones too)."""

    unpacked: int = 1_000_000_000
    cells: int = 20_000_000


def refuse_unless_safe(path: Path, limits: Limits) -> None:
    """Raise SheetRefused when the file is no XLSX, is encrypted or damaged, or holds more than the limits allow."""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            _measure(archive, file, limits)
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, SheetRefused):
            raise
        raise SheetRefused("sheet.damaged") from None


def is_encrypted(path: Path) -> bool:
    """Tell whether an OLE file is an encrypted XLSX ([MS-OFFCRYPTO] 2.3.2: a stream named EncryptedPackage)."""
    return "EncryptedPackage".encode("utf-16-le") in path.read_bytes()


def _measure(archive: zipfile.ZipFile, file: BinaryIO, limits: Limits) -> None:
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if _WORKBOOK not in names:
        raise SheetRefused("sheet.old_format" if _BINARY_WORKBOOK in names else "sheet.not_spreadsheet")
    if len(parts) > _MAX_PARTS:
        raise SheetRefused("sheet.too_large")
    unpacked = cells = 0
    for part in parts:
        if part.flag_bits & _ENCRYPTED:
            raise SheetRefused("sheet.encrypted")
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
