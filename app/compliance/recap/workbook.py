"""The recap as a workbook (ECMA-376): real numbers, a frozen and filtered header, a chart, and pages fit to print."""

import io
from datetime import datetime
from typing import Any, cast

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from app.compliance.recap import table
from app.compliance.recap.schemas import Annex, RecapRead
from app.compliance.recap.table import Column, Value
from app.core.texts import text

_HEAD = 5  # row of the headings of kinds; the line above spans them
_WIDTHS = {"number": 5, "name": 62, "percent": 9, "last_signed_at": 20, "note": 34, "exempt": 13}
_ANNEX_WIDTHS = (5, 36, 22, 36, 40)
_FORMATS = {"percent": "0.00%", "last_signed_at": "dd-mm-yyyy hh:mm"}
_LINE = Side(style="thin", color="B8C0C8")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_FILL = PatternFill("solid", fgColor="D9ECEA")


def write(recap: RecapRead, language: str = "id") -> bytes:
    """Return the workbook: the official table with its chart, and a second sheet with the annex when there is one."""
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet: Worksheet = book.create_sheet(text("recap.sheet", language))
    book.properties.title = f"{text('recap.title', language)} – {recap.round}"
    book.properties.creator = recap.institution
    _titles(sheet, recap, language, text("recap.title", language))
    columns = table.columns(recap, language)
    _head(sheet, columns, language)
    last = _HEAD
    for last, row in enumerate(table.rows(recap, language), start=_HEAD + 1):
        _row(sheet, last, columns, row, bold=row["number"] is None)
    _set_up(sheet, recap, language, _HEAD, last - 1 if recap.groups else last, len(columns))
    if recap.groups:
        _chart(sheet, columns, last, language)
    if recap.annex is not None:
        _annex(book.create_sheet(text("recap.annex", language)), recap, recap.annex, language)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _titles(sheet: Worksheet, recap: RecapRead, language: str, title: str) -> None:
    as_of = table.told(recap.as_of or recap.computed_at, recap, language)
    lines = (recap.institution, title, f"{recap.round} · {text('recap.as_of', language, at=as_of)}")
    for number, line in enumerate(lines, start=1):
        _put(sheet, number, 1, line)
        sheet.cell(number, 1).font = Font(bold=number < 3, size=14 if number == 2 else 11)


def _head(sheet: Worksheet, columns: list[Column], language: str) -> None:
    """Two rows: the headings below, and the one that spans the kinds of employment above."""
    of_kinds = [place for place, column in enumerate(columns, start=1) if column.of_kinds]
    for place, column in enumerate(columns, start=1):
        for line in (_HEAD - 1, _HEAD):
            cell = sheet.cell(line, place)
            cell.font, cell.fill, cell.border = Font(bold=True), _FILL, _BOX
            cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        _put(sheet, _HEAD, place, column.heading)
        sheet.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(column.key, 11)
    _put(sheet, _HEAD - 1, of_kinds[0], text("recap.heading.kinds", language))
    sheet.merge_cells(start_row=_HEAD - 1, end_row=_HEAD - 1, start_column=of_kinds[0], end_column=of_kinds[-1])
    sheet.row_dimensions[_HEAD].height = 32


def _row(sheet: Worksheet, line: int, columns: list[Column], row: dict[str, Value], *, bold: bool) -> None:
    for place, column in enumerate(columns, start=1):
        value = row.get(column.key, 0)
        if column.key == "percent" and isinstance(value, int | float):
            value = value / 100
        _put(sheet, line, place, value)
        cell = sheet.cell(line, place)
        cell.border, cell.font = _BOX, Font(bold=bold)
        cell.number_format = _FORMATS.get(column.key, "#,##0" if isinstance(value, int) else "General")
        cell.alignment = Alignment(vertical="top", wrap_text=column.key in {"name", "note"})


def _put(sheet: Worksheet, line: int, place: int, value: Value) -> None:
    """Write a value. Texts are typed as such, so that none is ever run as a formula; a sheet knows no zones."""
    cell = cast("Cell", sheet.cell(line, place))
    if isinstance(value, str):
        cell.value = "".join(c for c in value if c >= " ")
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(("=", "+", "-", "@"))
    else:
        cell.value = value.replace(tzinfo=None, microsecond=0) if isinstance(value, datetime) else value


def _set_up(sheet: Worksheet, recap: RecapRead, language: str, head: int, last: int, width: int) -> None:
    """Freeze and filter the header; print landscape on the width of A4 with the header on each page, time and page number below."""
    sheet.freeze_panes = f"C{head + 1}"
    sheet.auto_filter.ref = f"A{head}:{get_column_letter(width)}{last}"
    sheet.print_title_rows = f"{head - 1}:{head}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    printed = text("recap.printed", language, at=table.told(recap.computed_at, recap, language))
    left, right = cast("Any", sheet.oddFooter).left, cast("Any", sheet.oddFooter).right
    left.text = printed.replace("&", "&&")
    right.text = text("recap.page", language, page="&P", pages="&N")


def _chart(sheet: Worksheet, columns: list[Column], last: int, language: str) -> None:
    """Bars of the percentages below the table, longest table first in the sheet's own order."""
    keys = [column.key for column in columns]
    percent, name = keys.index("percent") + 1, keys.index("name") + 1
    chart = BarChart()
    chart.type, chart.style, chart.legend = "bar", 10, None
    chart.title = text("recap.chart", language)
    chart.add_data(Reference(sheet, min_col=percent, min_row=_HEAD + 1, max_row=last - 1), titles_from_data=False)
    chart.set_categories(Reference(sheet, min_col=name, min_row=_HEAD + 1, max_row=last - 1))
    chart.y_axis.scaling.min, chart.y_axis.scaling.max = 0, 1
    chart.y_axis.number_format, chart.x_axis.scaling.orientation = "0%", "maxMin"
    chart.y_axis.delete = chart.x_axis.delete = False
    chart.series[0].graphicalProperties.solidFill = "0F766E"
    chart.gapWidth, chart.width, chart.height = 40, 26, min(60, 4 + 0.7 * (last - _HEAD))
    sheet.add_chart(chart, f"B{last + 2}")


def _annex(sheet: Worksheet, recap: RecapRead, annex: Annex, language: str) -> None:
    _titles(sheet, recap, language, text("recap.annex.title", language, name=annex.name))
    headings = table.annex_headings(language)
    for place, heading in enumerate(headings, start=1):
        _put(sheet, _HEAD, place, heading)
        cell = sheet.cell(_HEAD, place)
        cell.font, cell.fill, cell.border = Font(bold=True), _FILL, _BOX
        sheet.column_dimensions[get_column_letter(place)].width = _ANNEX_WIDTHS[place - 1]
    line = _HEAD
    for line, person in enumerate(annex.people, start=_HEAD + 1):
        values: tuple[Value, ...] = table.annex_row(person)
        for place, value in enumerate(values, start=1):
            _put(sheet, line, place, value)
            sheet.cell(line, place).border = _BOX
    if not annex.people:
        _put(sheet, _HEAD + 1, 1, text("recap.annex.nobody", language))
    _set_up(sheet, recap, language, _HEAD, line, len(headings))
