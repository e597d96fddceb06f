"""Checks the rows of a roster: each becomes a person to keep, or a finding that says what to do.

Nothing here asks the database or looks at two rows at once: the units are given as a directory, and rows that contradict each
other or the roster are found where all of them lie together (`app.asn.staging`). So a file of any length takes no memory.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from app.asn import cell, degrees, nip, standing, without_nip
from app.asn.cell import Cell
from app.asn.columns import Column, Header
from app.asn.nik.column import ABSENT, NikColumn
from app.asn.outcome import WARNINGS, Finding, Outcome, outcome_of
from app.asn.sheet import SheetRow, finding
from app.opd.tree import UnitDirectory

_REPEATED = (
    Column.EMPLOYMENT,
    Column.CPNS_FLAG,
    Column.LEGAL_STATUS,
    Column.GRADE,
    Column.POSITION_KIND,
    Column.POSITION_KIND_NAME,
    Column.POSITION,
    Column.ECHELON,
)
"""Columns in which the same few values stand again and again, together too."""


class Standing(NamedTuple):
    """What the repeated columns of a row say."""

    employment: str
    legal_status: str
    grade: str
    grade_title: str
    position_kind: str
    position: str
    echelon: str
    status_known: bool


@dataclass(slots=True)  # not frozen: there are millions, and a frozen one takes four times as long to make
class PersonFields:
    """What is kept of a person. `name` is as printed, with degrees; `unit_id` is SIASN's; text that is absent is empty."""

    pns_id: str
    nip: str
    local_number: str
    nik_digest: str
    name: str
    birth_date: dt.date
    employment: str
    legal_status: str
    grade: str
    grade_title: str
    position_kind: str
    position: str
    echelon: str
    unit_id: str
    email: str
    phone: str
    nik_sealed: str = ""


@dataclass(slots=True)
class CheckedRow:
    """A row and what became of it: all its findings, the gravest first. `person` is None exactly when it is rejected.

    A rejected row may still say whom it is about: `nip`, `pns_id` and the rest, as far as they are readable.
    """

    sheet: str
    row: int
    outcome: Outcome
    findings: tuple[Finding, ...]
    person: PersonFields | None
    header: Header
    nip: str = ""
    pns_id: str = ""
    local_number: str = ""
    nik_digest: str = ""

    @property
    def codes(self) -> list[str]:
        """The codes of all findings."""
        return [found.code for found in self.findings]

    @property
    def column(self) -> str:
        """The column of the first finding, as the file spells it."""
        return self.findings[0].column if self.findings else ""

    @property
    def found(self) -> str:
        """What stands in the cell of the first finding."""
        return self.findings[0].found if self.findings else ""

    @property
    def remedy(self) -> str:
        """What to do about the first finding, in Indonesian."""
        return self.findings[0].remedy if self.findings else ""


def check_rows(rows: Iterable[SheetRow], units: UnitDirectory, niks: NikColumn = NikColumn()) -> Iterator[CheckedRow]:
    """Check rows one by one, in order, each by itself."""
    for row in rows:
        reading = nip.read(row.cells.get(Column.NIP))
        name, findings = _check_name(row)
        unit_id = _find_unit(row, units)
        outside = reading.nip is None and without_nip.is_outside(row)
        digits = reading.nip.digits if reading.nip else ""
        known = ABSENT
        if (outside or niks.keeps) and Column.NIK in row.cells:
            known = niks.read(row.cells[Column.NIK], without_nip=outside)
        number = ""
        if outside:
            number, born = without_nip.check(row, known, findings)
        else:
            born = _birth_date(row, reading.nip, findings)
            if reading.code:
                findings.insert(0, finding(row, reading.code, Column.NIP))
            if known.code:
                findings.append(Finding("nik.unusable", row.header.label(Column.NIK), ""))
        if unit_id is None:
            findings.append(finding(row, "unit.unknown", _unit_column(row)))
        told = _standing(reading.nip.kind if reading.nip else "", *map(row.cells.get, _REPEATED))
        if not told.status_known:
            findings.append(finding(row, "legal_status.unknown", Column.LEGAL_STATUS))
        outcome = outcome_of(findings)
        person = None
        if outcome is not Outcome.REJECTED and unit_id and born:
            person = _person(row, told, digits, name, unit_id, born)
            person.local_number, person.nik_digest, person.nik_sealed = number, known.digest, known.sealed
        # Stable: what rejects the row stands before what only warns.
        findings.sort(key=lambda found: found.code in WARNINGS)
        pns_id = person.pns_id if person else _pns_id(row)
        yield CheckedRow(
            row.sheet, row.number, outcome, tuple(findings), person, row.header, digits, pns_id, number, known.digest
        )


def _check_name(row: SheetRow) -> tuple[str, list[Finding]]:
    """Return the name as printed, and what is wrong with it."""
    parts = degrees.split(cell.text(row.cells.get(Column.NAME)))
    front = _joined(cell.value(row.cells.get(Column.FRONT_DEGREES)), parts.front, " ")
    back = _joined(cell.value(row.cells.get(Column.BACK_DEGREES)), parts.back, ", ")
    if cell.is_formula(parts.name):
        return "", [finding(row, "name.formula", Column.NAME)]
    if not any(character.isalpha() for character in parts.name):
        return "", [finding(row, "name.missing", Column.NAME)]
    return degrees.compose(front, degrees.capitalise(parts.name), back), []


def _joined(in_column: str, in_name: str, separator: str) -> str:
    """Put degrees of their own column and degrees that stand in the name together, once each."""
    if in_name.casefold() in in_column.casefold():
        return in_column
    return f"{in_column}{separator}{in_name}" if in_column else in_name


def _find_unit(row: SheetRow, units: UnitDirectory) -> str | None:
    if Column.UNIT_ID in row.header.places:
        return units.find(cell.text(row.cells.get(Column.UNIT_ID)))
    return units.find_named(cell.text(row.cells.get(Column.UNIT_NAME)), cell.text(row.cells.get(Column.AGENCY_NAME)))


def _unit_column(row: SheetRow) -> Column:
    return Column.UNIT_ID if Column.UNIT_ID in row.header.places else Column.UNIT_NAME


def _birth_date(row: SheetRow, parsed: nip.Nip | None, findings: list[Finding]) -> dt.date | None:
    """Return the birth date to keep; one that is not the NIP's is remarked, and one with day and month swapped is not kept."""
    if parsed is None:
        return None
    stated = row.cells.get(Column.BIRTH_DATE)
    if stated == f"{parsed.digits[6:8]}-{parsed.digits[4:6]}-{parsed.digits[:4]}":
        return parsed.birth_date  # as SIASN writes it, which is nearly always
    if not cell.text(stated):
        return parsed.birth_date
    written = cell.date(stated)
    if written == parsed.birth_date:
        return written
    findings.append(finding(row, "birth_date.mismatch", Column.BIRTH_DATE))
    if written and written.day <= 12 and written.replace(day=written.month, month=written.day) == parsed.birth_date:
        findings.append(finding(row, "birth_date.swapped", Column.BIRTH_DATE))
        return parsed.birth_date
    return written or parsed.birth_date


def _pns_id(row: SheetRow) -> str:
    return cell.value(row.cells.get(Column.PNS_ID)).upper()


@lru_cache(maxsize=1 << 16, typed=True)
def _standing(nip_kind: str, *repeated: Cell) -> Standing:
    """Return what the repeated columns say; `nip_kind` is pns, pppk, or empty for who has no NIP."""
    stated, flag, status, grade_cell, kind_code, kind_name, position, echelon = map(cell.value, repeated)
    kind = standing.employment(stated, flag, nip_kind) if nip_kind else without_nip.EMPLOYMENT
    grade = standing.grade(grade_cell, kind)
    return Standing(
        employment=kind,
        legal_status=standing.legal_status(status, kind),
        grade=grade,
        grade_title=standing.grade_title(grade),
        position_kind=standing.position_kind(kind_code, kind_name),
        position=position,
        echelon=echelon.replace(standing.NO_ECHELON, ""),
        status_known=not status or status.zfill(2).upper() in standing.LEGAL_STATUSES,
    )


def _person(row: SheetRow, told: Standing, digits: str, name: str, unit_id: str, born: dt.date) -> PersonFields:
    cells = row.cells
    return PersonFields(
        pns_id=_pns_id(row),
        nip=digits,
        local_number="",
        nik_digest="",
        name=name,
        birth_date=born,
        employment=told.employment,
        legal_status=told.legal_status,
        grade=told.grade,
        grade_title=told.grade_title,
        position_kind=told.position_kind,
        position=told.position,
        echelon=told.echelon,
        unit_id=unit_id,
        email=_email(cell.value(cells.get(Column.EMAIL))),
        phone=_phone(cell.value(cells.get(Column.PHONE))),
    )


def _email(stated: str) -> str:
    """Return an address in small letters; empty when it can not be one."""
    local, at, domain = stated.lower().partition("@")
    return stated.lower() if local and at and "." in domain and " " not in stated else ""


def _phone(stated: str) -> str:
    """Return the digits of a number, with its plus if it has one; a number cell has lost its leading zero."""
    if stated.startswith("0") and stated.isdigit() and stated.isascii():
        return stated
    digits = "".join(character for character in stated if character in "0123456789")
    if stated.startswith("+"):
        return f"+{digits}"
    return f"0{digits}" if digits.startswith("8") else digits
