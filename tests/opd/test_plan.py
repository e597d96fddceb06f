"""Reorganisations of a tree of units: whatever is wished, the tree stays one."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.opd.changing import plan
from app.opd.changing.plan import Place, Tree
from app.opd.errors import UnitChangeInvalid, UnitCycle

ON = date(2026, 12, 1)
ROOT, A, A1, A11, B, B1 = (UUID(int=n) for n in range(1, 7))
NEW = UUID(int=99)


def tree() -> Tree:
    rows = [
        Place(ROOT, "Pemerintah Kota", None, ROOT, False),
        Place(A, "Dinas A", ROOT, A, True),
        Place(A1, "Bidang A", A, A, False),
        Place(A11, "Seksi A", A1, A, False),
        Place(B, "Dinas B", ROOT, B, True),
        Place(B1, "Bidang B", B, B, False),
    ]
    return Tree(rows)


def after(made: plan.Plan) -> dict[UUID, Place]:
    return {place.id: place for _, place in made.edits}


def test_a_merged_agency_ends_and_its_units_and_people_go_to_the_new_one() -> None:
    made = plan.merge(tree(), [A, B], None, NEW, "Dinas AB", "Kepala Dinas AB", ON)
    edits = after(made)
    assert {unit for unit, place in edits.items() if place.valid_to} == {A, B}
    assert {edits[unit].agency_id for unit in (A1, A11, B1, NEW)} == {NEW}
    assert (edits[A1].parent_id, edits[B1].parent_id, edits[NEW].parent_id) == (NEW, NEW, ROOT)
    assert made.staff == {A: NEW, B: NEW}
    assert made.predecessors == {NEW: [A, B]}


def test_an_agency_merges_into_one_that_exists() -> None:
    made = plan.merge(tree(), [A], B, NEW, "", "", ON)
    assert after(made)[A11].agency_id == B
    assert NEW not in after(made)


def test_a_split_takes_units_with_all_below_them_to_a_new_agency() -> None:
    made = plan.split(tree(), A, [A1], NEW, "Dinas C", "")
    edits = after(made)
    assert (edits[A1].parent_id, edits[A11].agency_id, edits[NEW].agency_id) == (NEW, NEW, NEW)
    assert A not in edits
    assert made.predecessors == {NEW: [A]}


def test_a_moved_unit_counts_to_the_agency_it_enters() -> None:
    edits = after(plan.move(tree(), A1, B1))
    assert {edits[unit].agency_id for unit in (A1, A11)} == {B}


@pytest.mark.parametrize(("unit", "parent"), [(A1, A11), (A1, A1), (A, A11)])
def test_a_circle_is_refused(unit: UUID, parent: UUID) -> None:
    with pytest.raises(UnitCycle):
        plan.move(tree(), unit, parent)


def test_who_stands_below_what_ends_cannot_carry_it_on() -> None:
    with pytest.raises(UnitCycle):
        plan.merge(tree(), [A1], A11, NEW, "", "", ON)


@pytest.mark.parametrize(
    "wish",
    [
        lambda t: plan.move(t, ROOT, A),
        lambda t: plan.move(t, A1, ROOT),
        lambda t: plan.move(t, NEW, A),
        lambda t: plan.merge(t, [A], None, NEW, "X", "", ON),
        lambda t: plan.merge(t, [A, A], None, NEW, "X", "", ON),
        lambda t: plan.merge(t, [A], A, NEW, "", "", ON),
        lambda t: plan.merge(t, [A, B1], None, NEW, "X", "", ON),
        lambda t: plan.merge(t, [A1, B1], None, NEW, "X", "", ON),
        lambda t: plan.merge(t, [ROOT, A], None, NEW, "X", "", ON),
        lambda t: plan.split(t, A, [B1], NEW, "X", ""),
        lambda t: plan.split(t, A, [], NEW, "X", ""),
        lambda t: plan.split(t, A, [A], NEW, "X", ""),
    ],
)
def test_what_cannot_be_is_refused(wish) -> None:
    with pytest.raises(UnitChangeInvalid):
        wish(tree())


UNITS = st.sampled_from([ROOT, A, A1, A11, B, B1])


@given(st.lists(st.tuples(st.sampled_from(["move", "merge", "split"]), UNITS, UNITS), max_size=6))
@settings(max_examples=300, deadline=None)
def test_after_any_reorganisations_every_unit_reaches_the_root_and_counts_to_an_open_agency(wishes) -> None:
    now = tree()
    for number, (kind, one, other) in enumerate(wishes):
        new = UUID(int=200 + number)
        tried = Tree(now.now.values())
        try:
            if kind == "move":
                plan.move(tried, one, other)
            elif kind == "merge":
                plan.merge(tried, [one], other, new, "X", "", ON)
            else:
                plan.split(tried, one, [other], new, "X", "")
        except (UnitChangeInvalid, UnitCycle):
            continue
        now = Tree(tried.now.values())
    for place in now.now.values():
        if place.id == ROOT:
            continue
        assert now.now[place.agency_id].is_agency
        assert (place.agency_id == place.id) is place.is_agency
        seen, above = {place.id}, place
        while above.parent_id is not None:
            above = now.now[above.parent_id]
            assert above.id not in seen
            seen.add(above.id)
        assert above.id == ROOT
