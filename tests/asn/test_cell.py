import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asn import cell

DAY = dt.date(1982, 1, 10)


@pytest.mark.parametrize("raw", ["10-01-1982", "10/01/1982", "10.1.1982", "1982-01-10", "1982-01-10T00:00:00", "'10-01-1982", "10 Januari 1982", "10-Jan-1982", "10 JAN. 1982", "Malang, 10-01-1982", "KOTA MALANG / 10 Januari 1982", "Malang, 1982-01-10", DAY, dt.datetime.combine(DAY, dt.time(7)), 29961, 29961.0])  # fmt: skip
def test_dates_are_read_in_every_form(raw):
    assert cell.date(raw) == DAY


@pytest.mark.parametrize("raw", ["", "31-02-1980", "1980", "10-01-82", True, 0, 1e9, float("nan"), None, dt.time(1)])
def test_what_is_no_date_is_none(raw):
    assert cell.date(raw) is None


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("  A\u00a0 B\n", "A B"), ("'08123", "08123"), ("-", ""), ("#N/A", ""), (12.0, "12"), (12.5, "12.5"), (True, ""),
        (None, ""), ("\u200bA\x00", "A"),
    ],
)  # fmt: skip
def test_a_cell_becomes_one_clean_line(raw, line):
    assert cell.text(raw) == line


def test_nothing_a_spreadsheet_would_run_is_kept():
    assert cell.value('=HYPERLINK("x")') == cell.value("@SUM(1)") == ""
    assert cell.value("+62812") == "+62812"


def test_a_destroyed_number_is_shown_as_the_spreadsheet_shows_it():
    assert cell.shown(1.97803132004041e17) == "1.97803E+17"
    assert cell.shown("x" * 200) == "x" * 59 + "…"


raw_cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.datetimes(), st.times(), st.timedeltas()
)


@given(raw_cells)
def test_any_cell_is_read(raw):
    assert "\n" not in cell.text(raw) + cell.shown(raw)
    assert cell.text(cell.text(raw)) in {cell.text(raw), cell.text(raw).removeprefix("'").strip(), ""}
    cell.date(raw)


@pytest.mark.parametrize("month", ["Agustus", "Agt", "ags", "AUG"])
def test_months_are_known_in_words(month):
    assert cell.date(f"17 {month} 1985") == dt.date(1985, 8, 17)


@pytest.mark.parametrize("raw", ["a" * 100_000, "a 1" * 40_000, "1 a" * 40_000, "1 " * 50_000])
def test_a_long_text_is_no_date(raw):
    assert cell.date(raw) is None
