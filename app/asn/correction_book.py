"""The correction workbook: the file that was uploaded, row by row, with its bad cells coloured and a comment on each.

Made in a process of its own (`python -m app.asn.correction_book`), as reading is; its standard input is one line with the order (JSON), then
one line a mark. A last column says which row a row was, so that rows may be deleted or sorted before the workbook comes back. A text that a
spreadsheet would run gets an apostrophe, which reading takes away again. What is not kept about people does not come back either: the cells
of such columns are empty. A NIK by which somebody without NIP is known stands there sealed; reading opens it again.
"""

import json
import resource
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.asn import cell, marked_book, sheet
from app.asn.cell import Cell
from app.asn.columns import ORIGIN_LABEL, Column, is_private
from app.asn.marked_book import Row
from app.asn.nik.column import NikColumn

_NIK_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell to be marked: its sheet, row, column as the file spells it, what was found there, what to do."""

    sheet: str
    row: int
    column: str
    found: str
    remedy: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """What of a sheet's columns comes back: the header's row and names, the private ones, and where NIP and NIK stand."""

    header_row: int
    names: Sequence[str]
    private: frozenset[int]
    unread: frozenset[int]
    nip: int | None
    nik: int | None

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "_Layout":
        names, places = table["names"], table["places"]
        nik = places.get(Column.NIK.value)
        unread = frozenset(range(len(names))) - set(places.values())
        private = frozenset(place for place in unread if is_private(names[place]))
        return cls(table["header_row"], names, private, unread - private, places.get(Column.NIP.value), nik)


def make(
    source: Path, target: Path, tables: Iterable[dict[str, Any]], marks: Iterable[Mark], niks: NikColumn = NikColumn()
) -> None:
    """Write the workbook from the file at `source`."""
    layouts = {table["sheet"]: _Layout.of(table) for table in tables}
    by_row: dict[tuple[str, int], list[Mark]] = {}
    for mark in marks:
        by_row.setdefault((mark.sheet, mark.row), []).append(mark)
    marked_book.write(
        target,
        (
            (" ".join(name.split()), _rows(" ".join(name.split()), rows, layouts, by_row, niks))
            for name, rows in sheet.raw_rows(source)
        ),
    )


def _rows(
    name: str,
    rows: Iterable[Sequence[Cell]],
    layouts: Mapping[str, _Layout],
    by_row: Mapping[tuple[str, int], list[Mark]],
    niks: NikColumn,
) -> Iterator[Row]:
    layout = layouts.get(name)
    for number, row in enumerate(rows, start=1):
        if layout is None or number < layout.header_row:
            yield list(row), {}
            continue
        cells: list[Cell] = list(row)[: len(layout.names)]
        cells += [None] * (len(layout.names) - len(cells))
        if number == layout.header_row:
            yield [*cells, ORIGIN_LABEL], {}
        elif any(cell.text(value) for value in cells):
            _take_out(cells, layout, niks)
            yield [*cells, f"{number}@{name}"], _told(layout.names, by_row.get((name, number), ()))
        else:
            yield (), {}


def _take_out(cells: list[Cell], layout: _Layout, niks: NikColumn) -> None:
    """Empty the cells of what is not kept; a NIK stays, sealed, where its row has no NIP."""
    for place in layout.private:
        cells[place] = None
    for place in layout.unread:
        value = cells[place]
        if isinstance(value, str) and len(value) >= _NIK_DIGITS and niks.is_nik(value):
            cells[place] = None
    if layout.nik is not None and cells[layout.nik] is not None:
        has_nip = layout.nip is not None and cell.text(cells[layout.nip])
        cells[layout.nik] = None if has_nip else niks.sealed(cells[layout.nik])


def _told(names: Sequence[str], marks: Iterable[Mark]) -> dict[int, str]:
    told: dict[int, list[str]] = {}
    for mark in marks:
        place = names.index(mark.column) if mark.column in names else 0
        told.setdefault(place, []).append(f"{mark.found or '(kosong)'}: {mark.remedy}")
    return {place: "\n".join(lines) for place, lines in told.items()}


def main() -> int:
    """Write what the order on standard input says; return the exit status."""
    order = json.loads(sys.stdin.readline())
    bound = order["memory_mb"] << 20
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    marks = (Mark(*json.loads(line)) for line in sys.stdin)
    make(Path(order["source"]), Path(order["target"]), order["tables"], marks, NikColumn(nik_key=order["nik_key"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
