"""Reads a roster file: XLSX (through calamine) or CSV, into rows of the columns that are kept.

A header may stand below title rows, and a workbook may hold the roster in several sheets: every visible sheet with a
complete header is read, in order. Cells come raw; `app.asn.check` says what they mean.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from app.asn import workbook
from app.asn.cell import Cell, text
from app.asn.columns import Column, Header, recognise
from app.asn.refusal import SheetRefused
from app.asn.workbook import Limits
from app.opd import delimited

_HEAD_ROWS = delimited.HEAD_RECORDS
_BINARY_MAGICS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row of a roster: the sheet it stands in (empty for CSV), its number there (from 1), its header, the kept cells."""

    sheet: str
    number: int
    header: Header
    cells: Mapping[Column, Cell]


@dataclass(frozen=True, slots=True)
class _Table:
    """A sheet whose header was found; `rows` are the numbered rows below it."""

    sheet: str
    header: Header
    rows: Iterator[tuple[int, Sequence[Cell]]]


def read(path: Path, limits: Limits | None = None) -> Iterator[SheetRow]:
    """Open a roster and return its rows. What the file is shows from its content; its name does not count.

    Raises SheetRefused at once when the file is none or lacks columns; the rows themselves raise nothing but
    SheetRefused for a CSV that turns out not to be one further down.
    """
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(workbook.ZIP_MAGIC):
        workbook.refuse_unless_safe(path, limits or Limits())
        tables = _workbook_tables(path)
    elif magic == workbook.OLE_MAGIC:
        raise SheetRefused("sheet.encrypted" if workbook.is_encrypted(path) else "sheet.old_format")
    elif magic.startswith(_BINARY_MAGICS):
        raise SheetRefused("sheet.not_spreadsheet")
    else:
        tables = _csv_tables(path)
    return _rows(_complete(tables))


def _workbook_tables(path: Path) -> list[_Table]:
    try:
        book = CalamineWorkbook.from_path(path)
        names = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        tables = (_find_header(name, book.get_sheet_by_name(name).iter_rows()) for name in names)
        return [table for table in tables if table]
    except PasswordError:
        raise SheetRefused("sheet.encrypted") from None
    except CalamineError:
        raise SheetRefused("sheet.damaged") from None


def _csv_tables(path: Path) -> list[_Table]:
    try:
        encoding = delimited.encoding_of(path)
        delimiter = delimited.delimiter_of(path, encoding, _known_columns)
        table = _find_header("", delimited.records(path, encoding, delimiter))
    except delimited.NotText:
        raise SheetRefused("sheet.not_spreadsheet") from None
    return [table] if table else []


def _known_columns(record: list[str]) -> int:
    header = recognise(record)
    return len(header.places) if header else 0


def _find_header(sheet: str, rows: Iterable[Sequence[Cell]]) -> _Table | None:
    """Take rows up to the header; None when there is none among the first."""
    numbered = enumerate(rows, start=1)
    for _, row in itertools.islice(numbered, _HEAD_ROWS):
        header = recognise(row)
        if header:
            return _Table(sheet, header, numbered)
    return None


def _complete(tables: list[_Table]) -> list[_Table]:
    """Return the tables with all mandatory columns; refuse the file when there is none."""
    if not tables:
        raise SheetRefused("sheet.header")
    complete = [table for table in tables if not table.header.missing]
    if not complete:
        raise SheetRefused("sheet.columns", min((table.header.missing for table in tables), key=len))
    return complete


def _rows(tables: list[_Table]) -> Iterator[SheetRow]:
    for table in tables:
        try:
            yield from _table_rows(table)
        except delimited.NotText:
            raise SheetRefused("sheet.damaged") from None


def _table_rows(table: _Table) -> Iterator[SheetRow]:
    """Yield the rows of a table; blank rows and repetitions of the header (one per printed page) are passed over."""
    header = table.header
    for number, row in table.rows:
        width = len(row)
        cells = {column: row[place] for column, place in header.places.items() if place < width}
        if any(text(cell) for cell in cells.values()) and not _is_header_again(header, cells):
            yield SheetRow(table.sheet, number, header, cells)


def _is_header_again(header: Header, cells: Mapping[Column, Cell]) -> bool:
    return cells.get(Column.NIP) == header.labels.get(Column.NIP) and cells.get(Column.NAME) == header.labels.get(
        Column.NAME
    )
