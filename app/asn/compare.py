"""Compares checked rows with the roster: who is new, changed, the same, or missing from the file."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from app.asn.check import CheckedRow, PersonFields
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
        return ComparedRow(row, known.id, "changed" if self._differs(known, row.person) else "unchanged")

    def _differs(self, known: Employee, person: PersonFields) -> bool:
        stated = fields(person)
        if self._units.get(known.unit_id) != person.unit_id:
            return True
        return any(getattr(known, name) != value for name, value in stated.items())


def fields(person: PersonFields) -> dict[str, Any]:
    """Return the columns a file states about a person, without the unit.

    A form without PNS ID does not erase one, and an empty birth date does not occur: it is then the NIP's.
    """
    values = asdict(person)
    return {name: values[name] for name in KEPT if name != "pns_id" or person.pns_id}
