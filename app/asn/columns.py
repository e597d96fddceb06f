"""The columns of a roster: the 69 of SIASN's export and the 11 of the short form, as far as they are kept.

Data minimisation begins here (UU PDP 27/2022): a column that has no name below is never read. That drops religion,
marriage, address, NIK, NPWP, BPJS and the private e-mail address of SIASN's form at the door.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.asn.cell import Cell


class Form(StrEnum):
    """Which of the two forms a header is."""

    SIASN = "siasn"
    SHORT = "short"


class Column(StrEnum):
    """A column that is kept, whatever a form calls it."""

    PNS_ID = "pns_id"
    NIP = "nip"
    NAME = "name"
    FRONT_DEGREES = "front_degrees"
    BACK_DEGREES = "back_degrees"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    EMPLOYMENT = "employment"
    CPNS_FLAG = "cpns_flag"
    LEGAL_STATUS = "legal_status"
    LEGAL_STATUS_NAME = "legal_status_name"
    GRADE = "grade"
    POSITION_KIND = "position_kind"
    POSITION_KIND_NAME = "position_kind_name"
    POSITION = "position"
    ECHELON = "echelon"
    UNIT_ID = "unit_id"
    UNIT_NAME = "unit_name"
    AGENCY_NAME = "agency_name"
    EMAIL = "email"
    PHONE = "phone"


_SIASN: Mapping[str, Column] = {
    "PNS ID": Column.PNS_ID,
    "NIP BARU": Column.NIP,
    "NAMA": Column.NAME,
    "GELAR DEPAN": Column.FRONT_DEGREES,
    "GELAR BELAKANG": Column.BACK_DEGREES,
    "TANGGAL LAHIR": Column.BIRTH_DATE,
    "JENIS KELAMIN": Column.SEX,
    "JENIS PEGAWAI NAMA": Column.EMPLOYMENT,
    "STATUS CPNS PNS": Column.CPNS_FLAG,
    "KEDUDUKAN HUKUM ID": Column.LEGAL_STATUS,
    "KEDUDUKAN HUKUM NAMA": Column.LEGAL_STATUS_NAME,
    "GOL AKHIR NAMA": Column.GRADE,
    "JENIS JABATAN ID": Column.POSITION_KIND,
    "JENIS JABATAN NAMA": Column.POSITION_KIND_NAME,
    "JABATAN NAMA": Column.POSITION,
    "ESELON ID": Column.ECHELON,
    "UNOR ID": Column.UNIT_ID,
    "UNOR NAMA": Column.UNIT_NAME,
    "EMAIL GOV": Column.EMAIL,
    "NOMOR HP": Column.PHONE,
}
_SHORT: Mapping[str, Column] = {
    "NIP": Column.NIP,
    "NAMA": Column.NAME,
    "JENIS KELAMIN": Column.SEX,
    "STATUS": Column.EMPLOYMENT,
    "GOLONGAN": Column.GRADE,
    "JENIS JABATAN": Column.POSITION_KIND_NAME,
    "NAMA JABATAN": Column.POSITION,
    "NAMA UNOR": Column.UNIT_NAME,
    "UNOR INDUK": Column.AGENCY_NAME,
    "EMAIL": Column.EMAIL,
    "NOMOR HP": Column.PHONE,
    # Not in the form itself, but understood when an agency adds them.
    "TANGGAL LAHIR": Column.BIRTH_DATE,
    "GELAR DEPAN": Column.FRONT_DEGREES,
    "GELAR BELAKANG": Column.BACK_DEGREES,
}
_FORMS = {Form.SIASN: _SIASN, Form.SHORT: _SHORT}
_MANDATORY = {
    Form.SIASN: ("NIP BARU", "NAMA", "JENIS PEGAWAI NAMA", "UNOR ID"),
    Form.SHORT: ("NIP", "NAMA", "STATUS", "NAMA UNOR"),
}
_ONLY_SIASN = ("NIP BARU", "PNS ID", "UNOR ID")
_FEWEST = 3
"""A row that names fewer known columns is a title or data, not a header."""


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header: its form, where each kept column stands (from 0) and how the file spells it, what is missing."""

    form: Form
    places: Mapping[Column, int]
    labels: Mapping[Column, str]
    missing: tuple[str, ...]

    def label(self, column: Column) -> str:
        """Return the file's own name of a column, or that of the form when the file has no such column."""
        return self.labels.get(column) or next(
            (name for name, known in _FORMS[self.form].items() if known is column), ""
        )


def recognise(row: Sequence[Cell]) -> Header | None:
    """Return the header that a row is, or None. Case, spaces and punctuation do not count; of two like columns the first does."""
    keys = [_key(cell) for cell in row]
    form = Form.SIASN if any(_key(name) in keys for name in _ONLY_SIASN) else Form.SHORT
    known = {_key(name): column for name, column in _FORMS[form].items()}
    places: dict[Column, int] = {}
    for place, key in enumerate(keys):
        if key in known:
            places.setdefault(known[key], place)
    if len(places) < _FEWEST or not places.keys() & {Column.NIP, Column.NAME}:
        return None
    labels = {column: " ".join(str(row[place]).split()) for column, place in places.items()}
    missing = tuple(name for name in _MANDATORY[form] if _FORMS[form][name] not in places)
    return Header(form, places, labels, missing)


def _key(cell: Cell) -> str:
    return re.sub(r"[\W_]+", "", cell).casefold() if isinstance(cell, str) else ""
