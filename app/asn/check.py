"""Checks the rows of a roster: each becomes a person to keep, or a finding that says what to do.

Nothing here asks the database; the units are given as a directory, and duplicates are those within the file.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.asn import cell, degrees, nip, standing
from app.asn.columns import Column, Form, Header
from app.asn.outcome import Finding, Outcome, finding, outcome_of
from app.asn.sheet import SheetRow
from app.opd.tree import UnitDirectory


@dataclass(frozen=True, slots=True)
class PersonFields:
    """What is kept of a person. `name` is as printed, with degrees; `unit_id` is SIASN's; text that is absent is empty."""

    pns_id: str
    nip: str
    name: str
    birth_date: dt.date
    sex: str
    employment: str
    legal_status: str
    legal_status_name: str
    grade: str
    grade_title: str
    position_kind: str
    position: str
    echelon: str
    unit_id: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row and what became of it: all its findings, the gravest first. `person` is None exactly when it is rejected."""

    sheet: str
    row: int
    outcome: Outcome
    findings: tuple[Finding, ...]
    person: PersonFields | None
    header: Header

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


def check_rows(rows: Iterable[SheetRow], units: UnitDirectory) -> Iterator[CheckedRow]:
    """Check rows one by one, in order. Of the rows with one NIP the first that can be accepted stays, later ones are rejected."""
    first_places: dict[str, str] = {}
    for row in rows:
        reading = nip.read(row.cells.get(Column.NIP))
        name, findings = _check_name(row)
        unit_id = _find_unit(row, units)
        if reading.code:
            findings.insert(0, _finding(row, reading.code, Column.NIP))
        if reading.nip and reading.nip.digits in first_places:
            findings.insert(0, _finding(row, "nip.duplicate", Column.NIP, first=first_places[reading.nip.digits]))
        if unit_id is None:
            findings.append(_finding(row, "unit.unknown", _unit_column(row)))
        if reading.nip and _differs(row, reading.nip.birth_date):
            findings.append(_finding(row, "birth_date.mismatch", Column.BIRTH_DATE))
        outcome = outcome_of(findings)
        person = None
        if outcome is not Outcome.REJECTED and reading.nip and unit_id:
            first_places[reading.nip.digits] = f"{row.number} ({row.sheet})" if row.sheet else str(row.number)
            person = _person(row, reading.nip, name, unit_id)
        # Stable: what rejects the row stands before what only warns.
        findings.sort(key=lambda found: outcome_of([found]) is Outcome.WARNED)
        yield CheckedRow(row.sheet, row.number, outcome, tuple(findings), person, row.header)


def _check_name(row: SheetRow) -> tuple[str, list[Finding]]:
    """Return the name as printed, and what is wrong with it."""
    parts = degrees.split(cell.text(row.cells.get(Column.NAME)))
    front = _joined(cell.value(row.cells.get(Column.FRONT_DEGREES)), parts.front, " ")
    back = _joined(cell.value(row.cells.get(Column.BACK_DEGREES)), parts.back, ", ")
    if cell.is_formula(parts.name):
        return "", [_finding(row, "name.formula", Column.NAME)]
    if not any(character.isalpha() for character in parts.name):
        return "", [_finding(row, "name.missing", Column.NAME)]
    return degrees.compose(front, degrees.capitalise(parts.name), back), []


def _joined(in_column: str, in_name: str, separator: str) -> str:
    """Put degrees of their own column and degrees that stand in the name together, once each."""
    if in_name.casefold() in in_column.casefold():
        return in_column
    return f"{in_column}{separator}{in_name}" if in_column else in_name


def _find_unit(row: SheetRow, units: UnitDirectory) -> str | None:
    if row.header.form is Form.SIASN:
        return units.find(cell.text(row.cells.get(Column.UNIT_ID)))
    return units.find_named(cell.text(row.cells.get(Column.UNIT_NAME)), cell.text(row.cells.get(Column.AGENCY_NAME)))


def _unit_column(row: SheetRow) -> Column:
    return Column.UNIT_ID if row.header.form is Form.SIASN else Column.UNIT_NAME


def _differs(row: SheetRow, birth_date: dt.date) -> bool:
    """Tell whether a birth date is stated (readable or not) that is not the NIP's."""
    stated = row.cells.get(Column.BIRTH_DATE)
    return bool(cell.text(stated)) and cell.date(stated) != birth_date


def _person(row: SheetRow, parsed: nip.Nip, name: str, unit_id: str) -> PersonFields:
    values = {column: cell.value(raw) for column, raw in row.cells.items()}
    kind = standing.employment(values.get(Column.EMPLOYMENT, ""), values.get(Column.CPNS_FLAG, ""), parsed.kind)
    grade = standing.grade(values.get(Column.GRADE, ""), kind)
    return PersonFields(
        pns_id=values.get(Column.PNS_ID, "").upper(),
        nip=parsed.digits,
        name=name,
        birth_date=cell.date(row.cells.get(Column.BIRTH_DATE)) or parsed.birth_date,
        sex=standing.sex(values.get(Column.SEX, "")) or parsed.sex,
        employment=kind,
        legal_status=standing.legal_status(values.get(Column.LEGAL_STATUS, ""), kind),
        legal_status_name=values.get(Column.LEGAL_STATUS_NAME, ""),
        grade=grade,
        grade_title=standing.grade_title(grade),
        position_kind=standing.position_kind(
            values.get(Column.POSITION_KIND, ""), values.get(Column.POSITION_KIND_NAME, "")
        ),
        position=values.get(Column.POSITION, ""),
        echelon=values.get(Column.ECHELON, "").replace(standing.NO_ECHELON, ""),
        unit_id=unit_id,
        email=_email(values.get(Column.EMAIL, "")),
        phone=_phone(values.get(Column.PHONE, "")),
    )


def _email(stated: str) -> str:
    """Return an address in small letters; empty when it can not be one."""
    local, at, domain = stated.lower().partition("@")
    return stated.lower() if local and at and "." in domain and " " not in stated else ""


def _phone(stated: str) -> str:
    """Return the digits of a number, with its plus if it has one; a number cell has lost its leading zero."""
    digits = "".join(character for character in stated if character in "0123456789")
    if stated.startswith("+"):
        return f"+{digits}"
    return f"0{digits}" if digits.startswith("8") else digits


def _finding(row: SheetRow, code: str, column: Column, **details: object) -> Finding:
    return finding(code, row.header.label(column), cell.shown(row.cells.get(column)), **details)
