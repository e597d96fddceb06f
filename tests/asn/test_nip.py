from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asn import nip
from app.asn.nip import Nip

PNS = "196804111993031009"
PPPK = "199012252024212579"


def test_a_nip_is_taken_apart():
    assert nip.read(PNS) == nip.NipReading(Nip(PNS, "pns", date(1968, 4, 11), 1993, 3, None, "male", 9))


def test_an_ni_pppk_is_taken_apart():
    assert nip.read(PPPK) == nip.NipReading(Nip(PPPK, "pppk", date(1990, 12, 25), 2024, None, 1, "female", 579))


def test_it_is_printed_in_groups_and_masked():
    assert nip.group(PNS) == "19680411 199303 1 009"
    assert nip.mask(PNS) == "19680411******1009"


@pytest.mark.parametrize(
    "cell",
    [
        f"'{PNS}", f"’{PNS}", "19680411 199303 1 009", "19680411.199303.1.009", "19680411-199303-1-009", f"\u00a0{PNS}\u00a0",
        f"  {PNS}\t", f'="{PNS}"', f"\ufeff{PNS}", f"\u200b{PNS}", "1968 0411\u20091993\u00a003 1 009",
    ],
)  # fmt: skip
def test_apostrophes_grouping_and_padding_are_repaired_silently(cell):
    assert nip.read(cell) == nip.read(PNS)


@pytest.mark.parametrize("cell", ["1968O4111993031OO9", "l96804111993031009", "I968o4111993o31oo9"])
def test_letters_that_look_like_digits_are_repaired_with_a_warning(cell):
    reading = nip.read(cell)
    assert (reading.nip and reading.nip.digits, reading.code) == (PNS, "repaired.characters")


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (1.96804111993031e17, "nip.excel_float"),
        (196804111993031009, "nip.excel_float"),
        ("1.96804E+17", "nip.excel_float"),
        ("1,97E+17", "nip.excel_float"),
        ("'1.97e17", "nip.excel_float"),
        ("196804111993031040.0", "nip.excel_float"),
        (float("inf"), "nip.excel_float"),
        (float("nan"), "nip.length"),
        ("196804111993031000", "nip.excel_zeros"),
        ("19680411199303100", "nip.length"),
        ("1968041119930310099", "nip.length"),
        (1968, "nip.length"),
        ("", "nip.length"),
        (None, "nip.length"),
        ("19680411199303A009", "nip.characters"),
        ("1968O41119930310O", "nip.characters"),
        ("196813111993031OO9", "nip.characters"),
        ("١٩٦٨٠٤١١١٩٩٣٠٣١٠٠٩", "nip.characters"),
        ("196804111993033009", "nip.characters"),
        (True, "nip.characters"),
        (date(1968, 4, 11), "nip.characters"),
        ("196802311993031009", "nip.birth_date"),
        ("196800111993031009", "nip.birth_date"),
        ("099904111993031009", "nip.birth_date"),
        ("199504111993031009", "nip.birth_date"),
        ("196804111993131009", "nip.month"),
        ("196804111993001009", "nip.month"),
        ("196804111993201009", "nip.month"),
    ],
)
def test_what_is_no_nip_gets_the_code_that_says_why(cell, code):
    assert nip.read(cell) == nip.NipReading(None, code)


births = st.dates(date(1950, 1, 1), date(2003, 12, 31))
middles = st.one_of(st.integers(1, 12), st.integers(21, 99))


@given(births, st.integers(2004, 2060), middles, st.sampled_from("12"), st.integers(1, 999), st.integers(0, 17))
def test_every_well_formed_number_is_read_back(born, year, middle, sex, serial, cut):
    digits = f"{born:%Y%m%d}{year}{middle:02d}{sex}{serial:03d}"
    parsed = nip.read(f"'{digits[:cut]} {digits[cut:]}").nip
    assert parsed
    assert (parsed.digits, parsed.birth_date, parsed.year, parsed.serial) == (digits, born, year, serial)
    assert (parsed.kind == "pns") == (middle <= 12)
    assert (parsed.month or 0) + (parsed.contract or 0) == (middle if middle <= 12 else middle - 20)


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.datetimes(), st.timedeltas(), st.text("0123456789OIl' .-", max_size=22)
)  # fmt: skip


@given(anything)
def test_any_cell_is_a_nip_or_has_a_code(cell):
    reading = nip.read(cell)
    assert (reading.nip is not None) == (reading.code in {None, "repaired.characters"})
    if reading.nip:
        assert nip.read(reading.nip.digits).nip == reading.nip
