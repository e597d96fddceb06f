"""The report of an import as a workbook: every row that was warned or rejected, and what to do about it."""

from collections.abc import Iterable
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from app.asn.check import CheckedRow
from app.asn.outcome import Outcome

HEADER = ("Lembar", "Baris", "Hasil", "Kode", "Kolom", "Ditemukan", "Yang perlu dilakukan")


def write(path: Path, rows: Iterable[CheckedRow]) -> None:
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
        if row.outcome is not Outcome.ACCEPTED:
            values = (row.sheet, row.row, row.outcome.value, " ".join(row.codes), row.column, row.found, row.remedy)
            sheet.append([_text(sheet, value) if isinstance(value, str) else value for value in values])
    book.save(path)


def _text(sheet: WriteOnlyWorksheet, value: str) -> Cell:
    cell: Cell = WriteOnlyCell(sheet, "".join(c for c in value if c >= " "))
    cell.data_type = "s"
    return cell
