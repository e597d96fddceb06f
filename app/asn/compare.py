"""Compares checked rows with the roster: who is new, changed, the same, or missing from the file."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from app.asn.check import CheckedRow, PersonFields
from app.asn.columns import Column, Header
from app.asn.models import Employee
from app.core.ids import new_id

KEPT = [
    "pns_id",
    "nip",
    "name",
    "birth_date",
    "employment",
    "legal_status",
    "grade",
    "grade_title",
    "position_kind",
    "position",
    "echelon",
    "email",
    "phone",
]

_STATED_BY = {
    "birth_date": {Column.BIRTH_DATE},
    "legal_status": {Column.LEGAL_STATUS},
    "grade": {Column.GRADE},
    "grade_title": {Column.GRADE},
    "position_kind": {Column.POSITION_KIND, Column.POSITION_KIND_NAME},
    "position": {Column.POSITION},
    "echelon": {Column.ECHELON},
    "email": {Column.EMAIL},
    "phone": {Column.PHONE},
}
"""The columns a kept value is read from; those not named here every form has, or are derived from what every form has."""


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A checked row, the person it names, and what it would change ("" for a rejected row)."""

    checked: CheckedRow
    employee_id: UUID | None
    change: str


class RosterIndex:
    """Finds the employee a row names: by SIASN's PNS ID, which never changes, else by NIP."""

    def __init__(self, employees: Iterable[Employee], unit_siasn: Mapping[UUID, str]) -> None:
        self._units = unit_siasn
        self._by_pns: dict[str, Employee] = {}
        self._by_nip: dict[str, Employee] = {}
        self.ids: set[UUID] = set()
        for employee in employees:
            self.ids.add(employee.id)
            self._by_nip[employee.nip] = employee
            if employee.pns_id:
                self._by_pns[employee.pns_id] = employee

    @property
    def holders(self) -> dict[str, UUID]:
        """Who on the roster has which NIP."""
        return {nip: employee.id for nip, employee in self._by_nip.items()}

    def find(self, person: PersonFields) -> Employee | None:
        """Return who the row names, or None for somebody new."""
        return self._by_pns.get(person.pns_id) or self._by_nip.get(person.nip)

    def compare(self, row: CheckedRow) -> ComparedRow:
        """Return what a row would change."""
        if row.person is None:
            return ComparedRow(row, None, "")
        known = self.find(row.person)
        if known is None:
            return ComparedRow(row, new_id(), "new")
        person = _completed(row.person, row.header, known)
        change = "changed" if self._differs(known, person) else "unchanged"
        return ComparedRow(replace(row, person=person), known.id, change)

    def _differs(self, known: Employee, person: PersonFields) -> bool:
        stated = fields(person)
        if self._units.get(known.unit_id) != person.unit_id:
            return True
        return any(getattr(known, name) != value for name, value in stated.items())


def _completed(person: PersonFields, header: Header, known: Employee) -> PersonFields:
    """Return the person with what the file has no column for as the roster knows it: the short form erases nothing."""
    silent = [name for name, columns in _STATED_BY.items() if not columns & header.places.keys()]
    return replace(person, **{name: getattr(known, name) for name in silent})


def fields(person: PersonFields) -> dict[str, Any]:
    """Return the columns a file states about a person, without the unit.

    A form without PNS ID does not erase one, and an empty birth date does not occur: it is then the NIP's.
    """
    values = asdict(person)
    return {name: values[name] for name in KEPT if name != "pns_id" or person.pns_id}
