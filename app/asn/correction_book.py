"""The correction workbook: the file that was uploaded, row by row, with its bad cells coloured and a comment on each.

Made in a process of its own (`python -m app.asn.correction_book ORDER.json`), as reading is. A last column says which row a row was, so
that rows may be deleted or sorted before the workbook comes back. A text that a spreadsheet would run gets an apostrophe, which reading
takes away again.
"""

import itertools
import json
import resource
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from app.asn import cell, sheet
from app.asn.cell import Cell
from app.asn.columns import ORIGIN_LABEL

_BAD = PatternFill("solid", fgColor="FFFFC7CE")
_LONGEST_TITLE = 31
_FORBIDDEN_IN_TITLE = str.maketrans("[]:*?/\\", "_______")


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell to be marked: its sheet, row, column as the file spells it, what was found there, what to do."""

    sheet: str
    row: int
    column: str
    found: str
    remedy: str


def make(source: Path, target: Path, tables: Iterable[dict[str, Any]], marks: Iterable[Mark]) -> None:
    """Write the workbook from the file at `source`."""
    by_name = {table["sheet"]: table for table in tables}
    by_row: dict[tuple[str, int], list[Mark]] = {}
    for mark in marks:
        by_row.setdefault((mark.sheet, mark.row), []).append(mark)
    book = Workbook(write_only=True)
    for name, rows in sheet.raw_rows(source):
        known = " ".join(name.split())
        out = book.create_sheet(known.translate(_FORBIDDEN_IN_TITLE)[:_LONGEST_TITLE] or "Pegawai")
        table = by_name.get(known)
        origin = len(table["names"]) if table else 0
        for number, row in enumerate(rows, start=1):
            if table is None or number < table["header_row"]:
                out.append([_safe(value) for value in row])
            elif number == table["header_row"]:
                out.append([*_padded(row, origin), ORIGIN_LABEL])
            elif not any(cell.text(value) for value in row):
                out.append([])
            else:
                cells = [*_padded(row, origin), f"{number}@{known}"]
                out.append(_marked(out, cells, table, by_row.get((known, number), ())))
    book.save(target)


def _padded(row: Sequence[Cell], width: int) -> list[Any]:
    return [_safe(value) for value in itertools.islice(itertools.chain(row, itertools.repeat(None)), width)]


def _marked(out: WriteOnlyWorksheet, cells: list[Any], table: dict[str, Any], marks: Iterable[Mark]) -> list[Any]:
    told: dict[int, list[Mark]] = {}
    for mark in marks:
        place = table["names"].index(mark.column) if mark.column in table["names"] else 0
        told.setdefault(place, []).append(mark)
    for place, found in told.items():
        marked: SheetCell = WriteOnlyCell(out, cells[place])
        marked.fill = _BAD
        marked.comment = Comment("\n".join(f"{m.found or '(kosong)'}: {m.remedy}" for m in found), "Pakta", 120, 320)
        cells[place] = marked
    return cells


def _safe(value: Cell) -> Any:
    """Return a value as it may stand in a workbook: nothing that begins a formula, no character XML does not know."""
    if not isinstance(value, str):
        return value
    line = ILLEGAL_CHARACTERS_RE.sub("", value)[:32_000]
    return f"'{line}" if cell.is_formula(line.lstrip()) or line.startswith(("\t", "\r")) else line


def main(order_path: str) -> int:
    """Write what the order says; return the exit status."""
    order = json.loads(Path(order_path).read_text(encoding="utf-8"))
    bound = order["memory_mb"] << 20
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    make(Path(order["source"]), Path(order["target"]), order["tables"], [Mark(**mark) for mark in order["marks"]])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
