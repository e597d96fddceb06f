"""The tree of units, and which agency (OPD, "unor induk") each unit counts to. Pure: rows in, tree out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.opd.unit_file import AGENCY, PARENT, UnitFileRefused, UnitProblem, UnitRow


@dataclass(frozen=True, slots=True)
class UnitTree:
    """A sound tree of units: one root, no circle. `agency_ids` maps every unit but the root to its OPD, OPDs to themselves."""

    root_id: str
    units: Mapping[str, UnitRow]
    agency_ids: Mapping[str, str]

    @property
    def agencies(self) -> list[UnitRow]:
        """The OPDs in the order of the file."""
        wanted = set(self.agency_ids.values())
        return [unit for unit in self.units.values() if unit.id in wanted]


class UnitDirectory:
    """Finds a unit by SIASN's id, or by its name with its agency's name; upper and lower case are the same.

    Holds only units that count to an agency: nobody can be placed at the root.
    """

    def __init__(self, units: Iterable[tuple[str, str, str]]) -> None:
        """Take (id, name, name of its agency) of every unit."""
        self.entries = tuple((unit_id.upper(), name, agency) for unit_id, name, agency in units)
        self._ids: set[str] = set()
        self._by_name: dict[str, list[str]] = {}
        self._by_names: dict[tuple[str, str], list[str]] = {}
        for unit_id, name, agency_name in self.entries:
            self._ids.add(unit_id)
            self._by_name.setdefault(_key(name), []).append(unit_id)
            self._by_names.setdefault((_key(name), _key(agency_name)), []).append(unit_id)

    def find(self, unit_id: str) -> str | None:
        """Return the id as the directory spells it, or None."""
        spelled = unit_id.strip().upper()
        return spelled if spelled in self._ids else None

    def names(self, name: str) -> bool:
        """Whether there are units of that name."""
        return _key(name) in self._by_name

    def find_named(self, name: str, agency_name: str = "") -> str | None:
        """Return the id of the one unit of that name (in that agency, when it is given); None when there is no or no single one."""
        if agency_name:
            found = self._by_names.get((_key(name), _key(agency_name)), [])
        else:
            found = self._by_name.get(_key(name), [])
        return found[0] if len(found) == 1 else None


def build(rows: Sequence[UnitRow]) -> UnitTree:
    """Return the tree of the rows of a unit file.

    The agency of a unit is its IndukUnorId; where that is not given or names the root, its ancestor directly below the
    root. Raises UnitFileRefused when parents are missing, there is not exactly one root, or units form a circle.
    """
    units = {row.id: row for row in rows}
    problems = [
        *(
            UnitProblem(row.row, PARENT, "units.parent_missing", row.parent_id)
            for row in rows
            if row.parent_id and row.parent_id not in units
        ),
        *(
            UnitProblem(row.row, AGENCY, "units.agency_missing", row.agency_id)
            for row in rows
            if row.agency_id and row.agency_id not in units
        ),
        *_root_problems(rows),
    ]
    if problems:
        raise UnitFileRefused(problems)
    root_id = next(row.id for row in rows if row.parent_id is None)
    below_root = _ancestors_below(root_id, units)
    circling = [
        UnitProblem(row.row, PARENT, "units.cycle", row.id)
        for row in rows
        if row.id != root_id and row.id not in below_root
    ]
    if circling:
        raise UnitFileRefused(circling)
    agency_ids = {unit_id: _agency(units[unit_id], ancestor, root_id) for unit_id, ancestor in below_root.items()}
    return UnitTree(root_id, units, agency_ids)


def placeable(tree: UnitTree) -> list[tuple[str, str, str, str]]:
    """Return (id, name, agency's name, agency's id) of every unit people can be placed in: all but the root, by id."""
    return sorted(
        (unit_id, tree.units[unit_id].name, tree.units[agency_id].name, agency_id)
        for unit_id, agency_id in tree.agency_ids.items()
    )


def directory(tree: UnitTree) -> UnitDirectory:
    """Return the directory of a tree's units."""
    return UnitDirectory(
        (unit_id, tree.units[unit_id].name, tree.units[agency_id].name)
        for unit_id, agency_id in tree.agency_ids.items()
    )


def _root_problems(rows: Sequence[UnitRow]) -> list[UnitProblem]:
    roots = [row for row in rows if row.parent_id is None]
    if not roots:
        return [UnitProblem(1, PARENT, "units.no_root")]
    return [UnitProblem(row.row, PARENT, "units.several_roots", row.name) for row in roots] if len(roots) > 1 else []


def _ancestors_below(root_id: str, units: Mapping[str, UnitRow]) -> dict[str, str]:
    """Map every unit that reaches the root to its ancestor (or itself) directly below the root."""
    children: dict[str, list[str]] = {}
    for unit in units.values():
        if unit.parent_id is not None:
            children.setdefault(unit.parent_id, []).append(unit.id)
    found: dict[str, str] = {}
    waiting = [(child, child) for child in children.get(root_id, [])]
    while waiting:
        unit_id, ancestor = waiting.pop()
        found[unit_id] = ancestor
        waiting.extend((child, ancestor) for child in children.get(unit_id, []))
    # In the order of the file, not of the walk.
    return {unit_id: found[unit_id] for unit_id in units if unit_id in found}


def _agency(unit: UnitRow, ancestor: str, root_id: str) -> str:
    return ancestor if unit.agency_id in {None, root_id} else str(unit.agency_id)


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
