"""The bundled city: the same people for the same seed, and every row fit to be imported."""

from collections import Counter
from pathlib import Path

import pytest

from app.asn import importing
from app.asn.outcome import Outcome
from app.demo import roster
from app.opd import unit_file
from app.opd.tree import directory


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        roster.write(tmp_path / name, 300, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


@pytest.mark.parametrize("people", [0, 1, 500])
def test_as_many_people_as_asked_for_none_twice(people: int) -> None:
    rows = list(roster.rows(people))
    assert len(rows) == people
    assert len({row["NIP BARU"] for row in rows}) == people
    assert len({row["PNS ID"] for row in rows}) == people
    assert all(set(row) <= set(roster.COLUMNS) for row in rows)


def test_the_city_has_28_agencies_and_people_in_each() -> None:
    tree = importing.read_units(roster.UNITS)
    agencies = {tree.agency_ids[row["UNOR ID"]] for row in roster.rows(roster.SIGNING_POPULATION)}
    assert len(agencies) == 28
    assert len(list(unit_file.read(roster.UNITS))) == 453


def test_figures_look_like_a_citys() -> None:
    rows = list(roster.rows(5_000))
    per_unit = Counter(row["UNOR NAMA"] for row in rows)
    assert per_unit["RSUD Kota Malang"] > 3 * per_unit["Kecamatan Klojen"]
    codes = Counter(row["KEDUDUKAN HUKUM ID"] for row in rows)
    assert set(codes) <= {"01", "02", "03", "04", "71"}
    assert codes["01"] + codes["71"] > 4_900


async def test_every_row_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    roster.write(path, 2_000)
    checked = importing.check_file(path, directory(importing.read_units(roster.UNITS)))
    assert len(checked) == 2_000
    assert [row for row in checked if row.outcome is not Outcome.ACCEPTED] == []
