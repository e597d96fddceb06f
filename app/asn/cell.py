"""What a spreadsheet cell says, freed of what spreadsheets add: apostrophes, odd spaces, error values, serial dates."""

import datetime as dt
import re

Cell = str | int | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta | None
"""A raw cell: text from CSV, and what a workbook may hold besides."""

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\x00-\x08\x0e-\x1f\x7f]")
_ERRORS = frozenset({"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!"})
_NOTHING = frozenset({"", "-", "--", "–", "—"})
_DAY_FIRST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?", re.ASCII)
_IN_WORDS = re.compile(r"(\d{1,2})[-/. ]+([A-Za-z]{3,9})\.?[-/. ]+(\d{4})", re.ASCII)
_PLACE = re.compile(r"[^\W\d][^\d]*")
"""What stands before the date in a column of place and date of birth."""
_MONTHS = (
    *("januari jan january", "februari feb pebruari peb february", "maret mar march mrt", "april apr", "mei may"),
    *("juni jun june", "juli jul july", "agustus agu ags agt agst august aug", "september sep sept"),
    *("oktober okt october oct", "november nov nopember nop", "desember des december dec"),
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
_SERIAL_ZERO = dt.date(1899, 12, 30)
_LAST_SERIAL = 80_000


def text(cell: Cell) -> str:
    """Return a cell as one line of text: spaces collapsed (non-breaking ones too), a leading apostrophe taken away.

    A dash, an error value such as #N/A and a truth value are no text: the result is empty. A whole number has no ".0".
    """
    if isinstance(cell, str):
        if cell.isalnum():
            return cell  # no space, no sign: it stands for itself, and a roster has millions of such cells
        # What is printable holds none of the invisible characters.
        line = " ".join((cell if cell.isprintable() else _INVISIBLE.sub("", cell)).split()).removeprefix("'").strip()
        return "" if line in _NOTHING or line in _ERRORS else line
    if isinstance(cell, bool) or cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def value(cell: Cell) -> str:
    """Return a cell as text unless it begins like a formula: nothing that a spreadsheet would run is kept."""
    line = text(cell)
    return "" if line.startswith(("=", "@")) else line


def is_formula(line: str) -> bool:
    """Tell whether a spreadsheet would take this text for a formula (it begins with = + - or @)."""
    return line.startswith(("=", "+", "-", "@"))


def date(cell: Cell) -> dt.date | None:
    """Return the date of a cell: a date cell, DD-MM-YYYY, ISO 8601, the month in words, or a spreadsheet's day number.

    A place may stand before it, as in "Malang, 21 Oktober 1977". None for anything else.
    """
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return _SERIAL_ZERO + dt.timedelta(days=int(cell)) if 1 <= cell <= _LAST_SERIAL else None
    line = text(cell)
    place = _PLACE.match(line)
    return _written_date(line[place.end() :] if place else line)


def shown(cell: Cell) -> str:
    """Return a cell as a report shows it: one short line, a large number the way a spreadsheet displays it."""
    if isinstance(cell, float) and abs(cell) >= 1e11:
        return f"{cell:.5E}"
    line = "" if cell is None else " ".join(str(cell).split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def _written_date(line: str) -> dt.date | None:
    if match := _DAY_FIRST.fullmatch(line):
        day, month, year = match.groups()
    elif match := _YEAR_FIRST.fullmatch(line):
        year, month, day = match.groups()
    elif match := _IN_WORDS.fullmatch(line):
        day, word, year = match.groups()
        month = str(_MONTH_OF.get(word.lower(), 0))
    else:
        return None
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None
