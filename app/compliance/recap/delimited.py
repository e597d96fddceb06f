"""The recap as CSV (RFC 4180): one table a file, stable column names, plain numbers, times in ISO 8601 with their offset."""

import csv
import io
from datetime import datetime

from app.compliance.recap import table
from app.compliance.recap.schemas import RecapRead
from app.compliance.recap.table import Value

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NAMES = {"number": "no", "name": "opd"}


def write(recap: RecapRead, language: str = "id") -> bytes:
    """Return the official table with its totals row; of a recap with an annex, the annex: a file holds one table."""
    text = io.StringIO()
    writer = csv.writer(text)
    if recap.annex is not None:
        writer.writerow(table.ANNEX_KEYS)
        writer.writerows([_cell(value) for value in table.annex_row(person)] for person in recap.annex.people)
        return text.getvalue().encode()
    keys = [column.key for column in table.columns(recap, language)]
    writer.writerow(_NAMES.get(key, key) for key in keys)
    for row in table.rows(recap, language):
        writer.writerow(_cell(row.get(key, 0)) for key in keys)
    return text.getvalue().encode()


def _cell(value: Value) -> str | int | float:
    """Return a value as it is written; a text a spreadsheet would run as a formula is made a text by an apostrophe."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_STARTS_FORMULA) else value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return "" if value is None else value
