import random
import time
from dataclasses import asdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asn import outcome, sheet
from app.asn.check import check_rows
from app.asn.columns import Column, recognise
from app.asn.sheet import SheetRow
from app.opd import tree
from tests.asn.rosters import SHORT, SIASN, SPOILS, person, roster, table, write
from tests.opd.units import unit_rows

UNITS = tree.directory(tree.build(unit_rows()))
# Neither the birth date nor SIASN's unit id stands in the short form, so what spoils them is not to be seen there.
INVISIBLE_IN_SHORT = {"birth_mismatch"}


def check(path):
    return list(check_rows(sheet.read(path), UNITS))


def check_one(form, **changes):
    """Check one row of a form, with some of its cells changed."""
    header = recognise(form)
    values = person(7, random.Random(7))
    cells = dict(zip(form, table([values], "siasn" if form is SIASN else "short")[1], strict=True))
    row = SheetRow("", 2, header, {column: cells[header.labels[column]] for column in header.places})
    row.cells.update({Column[name]: value for name, value in changes.items()})
    return next(check_rows([row], UNITS))


@pytest.mark.parametrize("form", ["siasn", "short"])
@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_gets_the_outcome_it_is_owed(tmp_path, form, suffix, seed):
    rows, truth = roster(500, seed, dirt=0.3)
    assert {how for how, _, _ in truth.values()} == SPOILS.keys()
    checked = check(write(tmp_path / f"roster{suffix}", {"Profil ASN": table(rows, form)}))
    assert [row.row for row in checked] == list(range(2, 502))
    for row in checked:
        how, owed, code = truth.get(row.row, ("clean", "accepted", None))
        if how == "number_cell" and suffix == ".csv":
            continue  # Text again: a CSV keeps all digits.
        if (form == "short" and how in INVISIBLE_IN_SHORT) or how == "duplicate":
            owed, code = "accepted", None  # Duplicates show only where all rows lie together: test_truth_api.py.
        if how == "formula" and suffix == ".xlsx" and "name.missing" in row.codes:
            code = "name.missing"  # A formula that was never calculated leaves an empty cell.
        assert (row.row, how, row.outcome.value, code is None or code in row.codes) == (row.row, how, owed, True)
        assert (row.person is None) == (owed == "rejected")
        assert bool(row.remedy) == bool(row.column) == bool(row.codes)


def test_both_forms_give_the_same_people(tmp_path):
    rows, _ = roster(200, 3, dirt=0)
    siasn = check(write(tmp_path / "a.xlsx", {"s": table(rows, "siasn")}))
    short = check(write(tmp_path / "b.csv", {"s": table(rows, "short")}))
    for one, other in zip(siasn, short, strict=True):
        # The short form has neither of these.
        ours = asdict(one.person) | {"pns_id": "", "birth_date": other.person.birth_date}
        assert ours == asdict(other.person)


def test_a_person_is_kept_as_printed():
    row = check_one(SIASN, NAME="NI LUH SA'DIYAH", FRONT_DEGREES="Dr.", BACK_DEGREES="S.H., M.H.", EMPLOYMENT="PNS", CPNS_FLAG="P", GRADE="III/d", ECHELON="31")  # fmt: skip
    assert row.person.name == "Dr. Ni Luh Sa'diyah, S.H., M.H."
    assert row.person.grade_title == "Penata Tingkat I, III/d"
    assert (row.person.employment, row.person.legal_status, row.person.position_kind, row.person.echelon) == (
        "pns",
        row.person.legal_status,
        "2",
        "31",
    )


@pytest.mark.parametrize(
    ("front", "name", "back", "printed"),
    [
        ("Dr.", "H. ALI", "", "Dr. H. Ali"),
        ("Dr. H.", "H. ALI, S.H.", "S.H.", "Dr. H. Ali, S.H."),
        ("", "ALI, S.H.", "M.H.", "Ali, M.H., S.H."),
    ],
)
def test_degrees_in_the_name_are_not_lost_beside_those_in_their_column(front, name, back, printed):
    assert check_one(SIASN, NAME=name, FRONT_DEGREES=front, BACK_DEGREES=back).person.name == printed


def test_what_is_not_kept_is_dropped_at_the_door(tmp_path):
    rows, _ = roster(5, 4, dirt=0)
    path = write(tmp_path / "a.csv", {"s": table(rows, "siasn")})
    read, kept = repr(list(sheet.read(path))), repr(check(path))
    for secret in ("RAHASIA", "3573000000000000", "pribadi@example.id"):
        assert secret in path.read_text(encoding="utf-8")
        assert secret not in kept
        assert secret not in read or secret == "3573000000000000"  # the NIK is read: people without NIP are known by it


@pytest.mark.parametrize("name", ["=1+1", "+62", "@SUM(A1)", '=HYPERLINK("x","BUDI")', "-BUDI", "Drs. =A1, S.H."])
def test_a_formula_is_no_name(name):
    assert check_one(SHORT, NAME=name).codes == ["name.formula"]


@pytest.mark.parametrize("name", ["", None, "-", "Drs.", ", S.H.", "#N/A", "123", " \u00a0"])
def test_a_name_has_letters(name):
    assert check_one(SHORT, NAME=name).codes == ["name.missing"]


@pytest.mark.parametrize("changes", [{"UNIT_NAME": "Sekretariat", "AGENCY_NAME": ""}, {"UNIT_NAME": "", "AGENCY_NAME": ""}, {"UNIT_NAME": "Bagian Hukum", "AGENCY_NAME": "Dinas Kesehatan"}, {"UNIT_NAME": "Pemerintah Kota Contoh", "AGENCY_NAME": ""}])  # fmt: skip
def test_a_unit_must_be_known_and_the_only_one(changes):
    row = check_one(SHORT, **changes)
    assert (row.codes, row.column) == (["unit.unknown"], "NAMA UNOR")


def test_what_rejects_a_row_is_told_before_what_only_warns():
    row = check_one(SIASN, BIRTH_DATE="01-01-1951", UNIT_ID="FFFF", NAME="")
    assert row.codes == ["name.missing", "unit.unknown", "birth_date.mismatch"]
    assert row.column == "NAMA"


def test_an_unreadable_birth_date_warns_and_a_missing_one_does_not():
    row = check_one(SIASN, BIRTH_DATE="31-02-1970")
    assert (row.codes, row.found) == (["birth_date.mismatch"], "31-02-1970")
    assert check_one(SIASN, BIRTH_DATE="").codes == []


def test_every_code_has_a_sentence_that_says_what_to_do():
    for code in outcome.CODES:
        told = {language: outcome.remedy_of(code, {"first": "2"}, language) for language in ("id", "en")}
        assert all(remedy.endswith(".") and "{" not in remedy for remedy in told.values())
        assert told["id"] != told["en"]
        assert outcome.Finding(code, "NIP", "x", {"first": "2"}).remedy == told["id"]


def test_a_birth_date_with_day_and_month_swapped_is_taken_from_the_nip():
    values = person(7, random.Random(7))
    born = date(1980, 4, 3)
    digits = f"19800403{values['NIP BARU'][8:]}"
    row = check_one(SIASN, NIP=digits, BIRTH_DATE="04-03-1980")
    assert row.codes == ["birth_date.mismatch", "birth_date.swapped"]
    assert (row.outcome.value, row.person.birth_date) == ("warned", born)
    other = check_one(SIASN, NIP=digits, BIRTH_DATE="05-03-1980")
    assert (other.codes, other.person.birth_date) == (["birth_date.mismatch"], date(1980, 3, 5))


@pytest.mark.parametrize(
    ("code", "codes"), [("01", []), ("1", []), ("71", []), ("", []), ("55", ["legal_status.unknown"])]
)
def test_an_unknown_kedudukan_hukum_is_reported_and_kept(code, codes):
    row = check_one(SIASN, LEGAL_STATUS=code)
    assert row.codes == codes
    assert row.outcome.value == ("warned" if codes else "accepted")
    assert not codes or row.person.legal_status == code


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
)


@given(st.sampled_from([SIASN, SHORT]), st.data())
def test_any_cells_give_an_outcome_and_no_exception(form, data):
    header = recognise(form)
    rows = data.draw(st.lists(st.dictionaries(st.sampled_from(list(header.places)), junk), max_size=3))
    for row in check_rows([SheetRow("", number, header, cells) for number, cells in enumerate(rows, 2)], UNITS):
        assert (row.outcome is outcome.Outcome.REJECTED) == (row.person is None)
        assert set(row.codes) <= outcome.CODES


@given(st.data())
def test_one_odd_cell_in_a_good_row_never_raises(data):
    column = data.draw(st.sampled_from(list(recognise(SIASN).places)))
    assert check_one(SIASN, **{column.name: data.draw(junk)}).outcome


def test_ten_thousand_rows_are_checked_within_seconds(tmp_path):
    rows, _ = roster(10_500, 5, dirt=0.01)
    path = write(tmp_path / "a.csv", {"s": table(rows, "siasn")})
    started = time.perf_counter()
    assert len(check(path)) == 10_500
    assert time.perf_counter() - started < 3
