from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.opd import tree
from app.opd.unit_file import UnitFileRefused, UnitRow
from tests.opd.units import ROOT, unit_rows

AGENCIES = ["Sekretariat Daerah", "Kecamatan Sukun", "Dinas Pendidikan", "Dinas Kesehatan", "Inspektorat Daerah"]


def codes_of(rows):
    with pytest.raises(UnitFileRefused) as refused:
        tree.build(rows)
    return [(problem.row, problem.code) for problem in refused.value.problems]


def build_or_problems(rows):
    try:
        return tree.build(rows), ()
    except UnitFileRefused as refused:
        return None, refused.problems


def test_the_root_is_no_agency_though_its_own_induk():
    built = tree.build(unit_rows())
    assert built.root_id == ROOT
    assert ROOT not in built.agency_ids
    assert [agency.name for agency in built.agencies] == AGENCIES


def test_the_stated_induk_outranks_the_place_in_the_tree():
    assert tree.build(unit_rows()).agency_ids["S1"] == "C10"


def test_without_induk_the_ancestor_below_the_root_is_the_agency():
    built = tree.build([replace(row, agency_id=None) for row in unit_rows()])
    assert built.agency_ids["C12"] == "C10"
    assert built.agency_ids["S1"] == "K1"
    assert [agency.name for agency in built.agencies] == AGENCIES


def test_an_induk_that_is_the_root_counts_as_none():
    rows = [replace(row, agency_id=ROOT) if row.id == "B2" else row for row in unit_rows()]
    assert tree.build(rows).agency_ids["B2"] == "B1"


def test_missing_parents_and_induk_units_are_reported():
    rows = [replace(row, parent_id="Z9") if row.id == "B2" else row for row in unit_rows()]
    assert codes_of([replace(row, agency_id="Z8") if row.id == "K2" else row for row in rows]) == [
        (4, "units.parent_missing"),
        (7, "units.agency_missing"),
    ]


def test_several_roots_and_none_are_refused():
    rows = [replace(row, parent_id=None) if row.id == "B1" else row for row in unit_rows()]
    assert codes_of(rows) == [(2, "units.several_roots"), (3, "units.several_roots")]
    assert codes_of([replace(row, parent_id="B1") if row.id == ROOT else row for row in unit_rows()]) == [
        (1, "units.no_root")
    ]


def test_a_circle_is_refused_with_its_units():
    rows = [replace(row, parent_id="C12") if row.id == "C11" else row for row in unit_rows()]
    assert codes_of(rows) == [(10, "units.cycle"), (11, "units.cycle")]


def test_units_are_found_by_id_and_by_their_two_names():
    directory = tree.directory(tree.build(unit_rows()))
    assert directory.find(" c12 ") == "C12"
    assert directory.find("Z9") is None
    assert directory.find_named("sub bagian  KEUANGAN", "Dinas Kesehatan") == "C22"
    assert directory.find_named("Sub Bagian Keuangan") is None
    assert directory.find_named("Kelurahan Gadang") == "K2"
    assert directory.find_named("Kelurahan Gadang", "Dinas Kesehatan") is None


def test_nobody_is_placed_at_the_root():
    directory = tree.directory(tree.build(unit_rows()))
    assert directory.find(ROOT) is None
    assert directory.find_named("Pemerintah Kota Contoh") is None


names = st.sampled_from(["A", "B", "C", "D", "E"])


@given(st.lists(st.tuples(names, st.none() | names, st.none() | names), max_size=6, unique_by=lambda row: row[0]))
def test_a_tree_is_sound_or_refused(drawn):
    rows = [
        UnitRow(number, unit_id, unit_id, parent, agency) for number, (unit_id, parent, agency) in enumerate(drawn, 2)
    ]
    built, problems = build_or_problems(rows)
    assert (built is None) == bool(problems)
    if built is None:
        return
    assert built.agency_ids.keys() == built.units.keys() - {built.root_id}
    assert built.root_id not in built.agency_ids.values()


def test_a_deep_tree_needs_no_deep_stack():
    rows = [UnitRow(2, "0", "Kota")] + [UnitRow(n + 2, str(n), f"Unit {n}", str(n - 1)) for n in range(1, 5001)]
    assert set(tree.build(rows).agency_ids.values()) == {"1"}
