"""Reads a roster file: XLSX or CSV, into rows of the columns that are kept.

A header may stand below title rows, and a workbook may hold the roster in several sheets: every visible sheet with a
complete header is read, in order. Cells come raw; `app.asn.check` says what they mean.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.asn import workbook
from app.asn.cell import Cell, shown, text
from app.asn.columns import Column, Header, fingerprint, mapped, recognise
from app.asn.guess import guess
from app.asn.outcome import Finding
from app.asn.refusal import SheetRefused
from app.asn.workbook import Limits
from app.opd import delimited
from app.opd.tree import UnitDirectory

_HEAD_ROWS = delimited.HEAD_RECORDS
_SAMPLE_ROWS = 200
_BINARY_MAGICS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")


@dataclass(slots=True)
class SheetRow:
    """One row of a roster: the sheet it stands in (empty for CSV), its number there (from 1), its header, the kept cells."""

    sheet: str
    number: int
    header: Header
    cells: Mapping[Column, Cell]


def finding(row: SheetRow, code: str, column: Column) -> Finding:
    """Return a remark on a cell of a row, with what stands in it."""
    return Finding(code, row.header.label(column), shown(row.cells.get(column)))


@dataclass(frozen=True, slots=True)
class Known:
    """What helps to recognise a local form: the mappings saved for headers (by fingerprint), and the units."""

    mappings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    units: UnitDirectory | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet whose header was found, in row `header_row`; `rows` are the numbered rows below it."""

    sheet: str
    header: Header
    header_row: int
    rows: Iterator[tuple[int, Sequence[Cell]]]


def read(path: Path, limits: Limits | None = None, known: Known | None = None) -> Iterator[SheetRow]:
    """Open a roster and return its rows; raises as `open_tables` and `read_rows` do."""
    return read_rows(open_tables(path, limits, known))


def open_tables(path: Path, limits: Limits | None = None, known: Known | None = None) -> list[Table]:
    """Open a roster and return its tables. What the file is shows from its content; its name does not count.

    Raises SheetRefused when the file is none or lacks columns.
    """
    return _complete(_find_tables(path, limits or Limits(), known or Known()))


def read_rows(tables: Iterable[Table]) -> Iterator[SheetRow]:
    """Yield the rows of tables; raises SheetRefused for a CSV that turns out not to be one further down."""
    for table in tables:
        try:
            yield from _table_rows(table)
        except delimited.NotText:
            raise SheetRefused("sheet.damaged") from None


def raw_rows(path: Path, limits: Limits | None = None) -> Iterator[tuple[str, Iterator[Sequence[Cell]]]]:
    """Yield (name, all rows) of each visible sheet as they stand, title rows and all; raises SheetRefused."""
    kind = _kind(path)
    if kind == "csv":
        encoding, delimiter = _csv_dialect(path, Known())
        yield "", delimited.records(path, encoding, delimiter)
    else:
        yield from workbook.visible_sheets(path, limits or Limits())


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(workbook.ZIP_MAGIC):
        return "xlsx"
    if magic == workbook.OLE_MAGIC:
        raise SheetRefused("sheet.encrypted" if workbook.is_encrypted(path) else "sheet.old_format")
    if magic.startswith(_BINARY_MAGICS):
        raise SheetRefused("sheet.not_spreadsheet")
    return "csv"


def _find_tables(path: Path, limits: Limits, known: Known) -> list[Table]:
    if _kind(path) == "xlsx":
        sheets = workbook.visible_sheets(path, limits)
        return [table for name, rows in sheets if (table := _find_header(name, rows, known))]
    try:
        encoding, delimiter = _csv_dialect(path, known)
        table = _find_header("", delimited.records(path, encoding, delimiter), known)
    except delimited.NotText:
        raise SheetRefused("sheet.not_spreadsheet") from None
    return [table] if table else []


def _csv_dialect(path: Path, known: Known) -> tuple[str, str]:
    try:
        encoding = delimited.encoding_of(path)

        def score(record: list[str]) -> int:
            header = _recognise(record, known)
            # A local form's header is not known before its content was seen: the more names, the more likely.
            return 1000 * len(header.places) if header else min(len([name for name in record if name]), 900) - 1

        return encoding, delimited.delimiter_of(path, encoding, score)
    except delimited.NotText:
        raise SheetRefused("sheet.not_spreadsheet") from None


def _recognise(row: Sequence[Cell], known: Known) -> Header | None:
    saved = known.mappings.get(fingerprint(row)) if known.mappings else None
    return mapped(row, saved) if saved else recognise(row)


def _find_header(sheet: str, rows: Iterable[Sequence[Cell]], known: Known) -> Table | None:
    """Take rows up to the header; a local form is guessed from the rows below. None when there is no header among the first."""
    numbered = enumerate(rows, start=1)
    seen: list[tuple[int, Sequence[Cell]]] = []
    incomplete: Table | None = None
    for number, row in itertools.islice(numbered, _HEAD_ROWS):
        seen.append((number, row))
        header = _recognise(row, known)
        if header and not header.missing:
            return Table(sheet, header, number, numbered)
        if header and incomplete is None:
            incomplete = Table(sheet, header, number, numbered)
    seen.extend(itertools.islice(numbered, _SAMPLE_ROWS))
    guessed = guess([row for _, row in seen], known.units)
    if guessed is None:
        return incomplete
    place, header = guessed
    if incomplete and header.missing and len(header.places) <= len(incomplete.header.places):
        return incomplete
    return Table(sheet, header, seen[place][0], itertools.chain(seen[place + 1 :], numbered))


def _complete(tables: list[Table]) -> list[Table]:
    """Return the tables with all mandatory columns; refuse the file when there is none."""
    if not tables:
        raise SheetRefused("sheet.header")
    complete = [table for table in tables if not table.header.missing]
    if not complete:
        nearest = min(tables, key=lambda table: len(table.header.missing))
        raise SheetRefused("sheet.columns", nearest.header.missing, nearest.header)
    return complete


def _table_rows(table: Table) -> Iterator[SheetRow]:
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
