import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.opd import unit_file
from app.opd.unit_file import COLUMNS, UnitFileRefused, parse, read
from tests.opd.units import HEADER, csv_text, unit_records, unit_rows


def problems_of(action, *arguments):
    with pytest.raises(UnitFileRefused) as refused:
        action(*arguments)
    return [(problem.row, problem.column, problem.code) for problem in refused.value.problems]


def parse_or_problems(records):
    try:
        return parse(records), ()
    except UnitFileRefused as refused:
        return [], refused.problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_any_usual_encoding_and_delimiter_is_read(tmp_path, encoding, delimiter):
    path = tmp_path / "unor.csv"
    path.write_bytes(csv_text(unit_records(), delimiter=delimiter).encode(encoding))
    assert read(path) == unit_rows()


def test_windows_letters_survive(tmp_path):
    path = tmp_path / "unor.csv"
    path.write_bytes(csv_text([("A", "Dinas “É”", "")], HEADER[:3]).encode("cp1252"))
    assert read(path)[0].name == "Dinas “É”"


def test_the_three_mandatory_columns_suffice_in_any_order_and_case():
    records = [
        ["Daftar unit 2026"],
        [],
        ["diatasan id", "NAMA UNOR", "ID"],
        ["", "Kota", "a1"],
        ["a1", " Dinas  X ", "'b2"],
    ]
    assert [(unit.row, unit.id, unit.name, unit.parent_id) for unit in parse(records)] == [
        (4, "A1", "Kota", None),
        (5, "B2", "Dinas X", "A1"),
    ]


def test_missing_columns_are_named():
    with pytest.raises(UnitFileRefused) as refused:
        parse([["Id", "Nama"], ["1", "x"]])
    assert refused.value.problems[0].found == "NamaUnor, DiatasanId"
    assert "NamaUnor, DiatasanId" in refused.value.problems[0].remedy()


def test_every_faulty_row_is_reported_with_its_row_and_column():
    records = [HEADER, ("A", "Kota", "", "", "", ""), ("", "x", "A"), ("B", "", "A"), ("a", "y", "A")]
    assert problems_of(parse, records) == [
        (3, "Id", "units.id_missing"),
        (4, "NamaUnor", "units.name_missing"),
        (5, "Id", "units.id_duplicate"),
    ]


def test_a_file_of_a_header_alone_is_refused():
    assert problems_of(parse, [HEADER, (), ("", "")]) == [(1, "Id", "units.empty")]


def test_a_picture_is_no_unit_file(tmp_path):
    path = tmp_path / "unor.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0")
    assert problems_of(read, path) == [(1, "", "units.not_text")]


def test_every_problem_has_a_remedy():
    for code in unit_file.CODES:
        assert unit_file.UnitProblem(2, "Id", code, "X").remedy().endswith(".")


@given(st.lists(st.lists(st.one_of(st.text(max_size=5), st.sampled_from(COLUMNS)), max_size=7), max_size=8))
def test_any_table_is_read_or_refused(records):
    units, problems = parse_or_problems([HEADER, *records])
    assert bool(units) != bool(problems)
    assert all(unit.id and unit.name for unit in units)
    assert all(problem.remedy() for problem in problems)


@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("units") / "unor.csv"
    path.write_bytes(content)
    with pytest.raises(UnitFileRefused):
        read(path)


def test_what_to_do_is_told_in_either_language():
    problem = unit_file.UnitProblem(3, "Id", "units.id_missing")
    assert problem.remedy() == "Isi kolom Id unit ini."
    assert problem.remedy("en") not in {"", problem.remedy()}


def test_what_a_database_cannot_hold_is_taken_out_of_names():
    (root,) = parse([["Id", "NamaUnor", "DiatasanId"], ["A\0", "Dinas\x07 Kesehatan\u200b", ""]])
    assert (root.id, root.name) == ("A", "Dinas Kesehatan")
