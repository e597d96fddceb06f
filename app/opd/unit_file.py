"""The unit file: SIASN's export of the unit tree, `Id;NamaUnor;DiatasanId` with IndukUnorId, EselonId, NamaJabatan when given."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.core.texts import text
from app.opd import delimited

ID, NAME, PARENT, AGENCY, ECHELON, HEAD = "Id", "NamaUnor", "DiatasanId", "IndukUnorId", "EselonId", "NamaJabatan"
MANDATORY = (ID, NAME, PARENT)
COLUMNS = (*MANDATORY, AGENCY, ECHELON, HEAD)

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\x00-\x08\x0e-\x1b\x7f]")

CODES = frozenset(
    {
        "units.agency_missing",
        "units.columns",
        "units.cycle",
        "units.empty",
        "units.id_duplicate",
        "units.id_missing",
        "units.name_missing",
        "units.no_root",
        "units.not_text",
        "units.parent_missing",
        "units.several_roots",
    }
)


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit as the file gives it; `row` is its number in the sheet. Ids are in capitals; absent values are None."""

    row: int
    id: str
    name: str
    parent_id: str | None = None
    agency_id: str | None = None
    echelon: str | None = None
    head_title: str | None = None


@dataclass(frozen=True, slots=True)
class UnitProblem:
    """What is wrong where: a stable code, and what stands there."""

    row: int
    column: str
    code: str
    found: str = ""

    def remedy(self, language: str = "id") -> str:
        """Return what the person at the screen can do about it."""
        return text(f"remedy.{self.code}", language, found=self.found)


class UnitFileRefused(ValueError):
    """The unit file can not be used; `problems` lists everything found, in the order of the rows."""

    def __init__(self, problems: Sequence[UnitProblem]) -> None:
        super().__init__("; ".join(f"{problem.code} in row {problem.row}" for problem in problems[:10]))
        self.problems = tuple(problems)


def read(path: Path) -> list[UnitRow]:
    """Return the units of a file in its order; the tree they form is checked by `app.opd.tree`.

    Raises UnitFileRefused with every problem of the rows.
    """
    try:
        encoding = delimited.encoding_of(path)
        delimiter = delimited.delimiter_of(path, encoding, lambda record: len(_places(record)))
        return parse(delimited.records(path, encoding, delimiter))
    except delimited.NotText:
        raise UnitFileRefused([UnitProblem(1, "", "units.not_text")]) from None


def parse(records: Iterable[Sequence[str]]) -> list[UnitRow]:
    """Return the units of a table whose header stands within the first rows; raises UnitFileRefused."""
    numbered = enumerate(records, start=1)
    places = _find_header(numbered)
    units: list[UnitRow] = []
    problems: list[UnitProblem] = []
    seen: set[str] = set()
    for number, record in numbered:
        values = {name: _clean(record[place]) for name, place in places.items() if place < len(record)}
        if any(values.values()):
            unit = _unit(number, values)
            problems.extend(_problems(unit, seen))
            units.append(unit)
    if not units:
        problems.append(UnitProblem(1, ID, "units.empty"))
    if problems:
        raise UnitFileRefused(problems)
    return units


def _find_header(numbered: Iterator[tuple[int, Sequence[str]]]) -> dict[str, int]:
    """Take rows up to the header and return where each column stands."""
    fullest: dict[str, int] = {}
    for _, record in itertools.islice(numbered, delimited.HEAD_RECORDS):
        places = _places(record)
        if all(name in places for name in MANDATORY):
            return places
        fullest = max(fullest, places, key=len)
    missing = [name for name in MANDATORY if name not in fullest]
    raise UnitFileRefused([UnitProblem(1, missing[0], "units.columns", ", ".join(missing))])


def _places(record: Sequence[str]) -> dict[str, int]:
    known = {name.casefold(): name for name in COLUMNS}
    places: dict[str, int] = {}
    for place, cell in enumerate(record):
        name = known.get(re.sub(r"[\W_]+", "", cell).casefold())
        if name is not None:
            places.setdefault(name, place)
    return places


def _clean(cell: str) -> str:
    if not cell.isprintable():
        cell = _INVISIBLE.sub("", cell)  # PostgreSQL's text holds no zero byte, and a name no control character
    return " ".join(cell.split()).removeprefix("'")


def _unit(number: int, values: dict[str, str]) -> UnitRow:
    """Make a unit of the cells of a row; SIASN's ids are hexadecimal, of either case."""
    return UnitRow(
        row=number,
        id=values.get(ID, "").upper(),
        name=values.get(NAME, ""),
        parent_id=values.get(PARENT, "").upper() or None,
        agency_id=values.get(AGENCY, "").upper() or None,
        echelon=values.get(ECHELON) or None,
        head_title=values.get(HEAD) or None,
    )


def _problems(unit: UnitRow, seen: set[str]) -> Iterator[UnitProblem]:
    if not unit.id:
        yield UnitProblem(unit.row, ID, "units.id_missing")
    elif unit.id in seen:
        yield UnitProblem(unit.row, ID, "units.id_duplicate", unit.id)
    seen.add(unit.id)
    if not unit.name:
        yield UnitProblem(unit.row, NAME, "units.name_missing")
