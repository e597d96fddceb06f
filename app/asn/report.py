"""The report of an import as a workbook: every row that was warned or rejected, and what to do about it."""

from collections.abc import Iterable
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from app.asn.cell import is_formula
from app.asn.models import RosterRow
from app.asn.outcome import remedy_of

HEADER = ("Lembar", "Baris", "Hasil", "Kode", "Kolom", "Ditemukan", "Yang perlu dilakukan")


def write(path: Path, rows: Iterable[RosterRow]) -> None:
    """Write the report. Cells are text by type, so nothing a roster held can run as a formula in it."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Hasil pemeriksaan")
    sheet.freeze_panes = "A2"
    head = []
    for title in HEADER:
        cell = WriteOnlyCell(sheet, title)
        cell.font = Font(bold=True)
        head.append(cell)
    sheet.append(head)
    for row in rows:
        first = row.findings[0]
        codes = " ".join(finding["code"] for finding in row.findings)
        remedy = remedy_of(first["code"], first["params"])
        values = (row.sheet, row.row, row.outcome, codes, first["column"], first["found"], remedy)
        sheet.append([_text(sheet, value) if isinstance(value, str) else value for value in values])
    book.save(path)


def _text(sheet: WriteOnlyWorksheet, value: str) -> Cell:
    line = "".join(c for c in value if c >= " ")
    cell: Cell = WriteOnlyCell(sheet, f"'{line}" if is_formula(line) else line)
    cell.data_type = "s"
    return cell
