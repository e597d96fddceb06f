"""People without NIP: honorer, tenaga kontrak and others a round may ask beside the ASN.

They are known by the number their agency gave them, or by a digest of their NIK; a row that has neither names nobody, and is refused. A
NIP is never made up for them.
"""

import datetime as dt

from app.asn import cell, standing
from app.asn.columns import Column
from app.asn.nik.column import NikReading
from app.asn.outcome import Finding
from app.asn.sheet import SheetRow, finding

EMPLOYMENT = "non_asn"
_LONGEST = 60


def is_outside(row: SheetRow) -> bool:
    """Tell whether a row is of somebody who has no NIP: none is written, and the row, or the whole file, says non-ASN."""
    if any(character.isdigit() for character in cell.text(row.cells.get(Column.NIP))):
        return False
    if Column.EMPLOYMENT in row.header.places:
        return standing.employment(cell.value(row.cells.get(Column.EMPLOYMENT)), "", "") == EMPLOYMENT
    return Column.NIP not in row.header.places


def check(row: SheetRow, nik: NikReading, findings: list[Finding]) -> tuple[str, dt.date | None]:
    """Return the local number and the day of birth; what is wrong with them is added to the findings."""
    number, code = local_number(row.cells.get(Column.LOCAL_NUMBER))
    if code:
        findings.insert(0, finding(row, code, Column.LOCAL_NUMBER))
    elif nik.code and number:
        findings.append(Finding("nik.unusable", row.header.label(Column.NIK), ""))
    elif nik.code:
        findings.insert(0, Finding(nik.code, row.header.label(Column.NIK), ""))
    elif not number and not nik.digest:
        column = Column.LOCAL_NUMBER if Column.LOCAL_NUMBER in row.header.places else Column.NIK
        findings.insert(0, Finding("number.missing", row.header.label(column), ""))
    born = cell.date(row.cells.get(Column.BIRTH_DATE)) or nik.born
    if born is None:
        findings.append(finding(row, "birth_date.missing", Column.BIRTH_DATE))
    return number, born


def local_number(stated: cell.Cell) -> tuple[str, str]:
    """Return an agency's number in capitals, and the code of what is wrong with it; a number cell of 16 digits has lost its last."""
    if isinstance(stated, float | int) and abs(stated) >= 10**15:
        return "", "number.excel_float"
    number = cell.value(stated).upper()
    return number[:_LONGEST], ""
