import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asn import degrees


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("WULAN FIRMANSYAH LUBIS", "Wulan Firmansyah Lubis"),
        ("Hj. KHUSNUL LUBIS, S.H.", "Hj. Khusnul Lubis, S.H."),
        ("Dr.H.AHMAD SA'DIYAH, S.H., M.H.", "Dr. H. Ahmad Sa'diyah, S.H., M.H."),
        ("DRS SLAMET", "Drs. Slamet"),
        ("dr. BUDI", "dr. Budi"),
        ("H. M. ALI", "H. M. Ali"),
        ("M. ALI", "M. Ali"),
        ("I MADE NUR’AINI", "I Made Nur’aini"),
        ("D'COSTA AL-FARISI", "D'Costa Al-Farisi"),
        ("AHMAD BIN ALI", "Ahmad bin Ali"),
        ("Ludwig van der Berg", "Ludwig van der Berg"),
        ("DRAJAT HARTONO", "Drajat Hartono"),
        ("SITI S.KEP., NS.", "Siti S.Kep., NS."),
    ],
)
def test_a_name_is_printed_as_is_usual(typed, printed):
    front, name, back = degrees.split(typed)
    assert degrees.compose(front, degrees.capitalise(name), back) == printed


def test_degrees_without_a_name_leave_the_name_empty():
    assert degrees.split("Drs. , S.H.") == ("Drs.", "", "S.H.")


@given(st.text())
def test_any_text_is_split_and_capitalised(text):
    assert isinstance(degrees.capitalise(degrees.split(text).name), str)
