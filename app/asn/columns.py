"""The columns of a roster: the 69 of SIASN's export, the 11 of the short form, and any local form by a mapping.

Data minimisation begins here (UU PDP 27/2022): a column that has no name below is never read. That drops religion,
marriage, address, NPWP, BPJS and the private e-mail address of SIASN's form at the door. The NIK is read to know people without NIP
again, and leaves the reading as a digest only.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.asn.cell import Cell


class Form(StrEnum):
    """Which of the forms a header is; a local one is known by a mapping, saved or guessed."""

    SIASN = "siasn"
    SHORT = "short"
    LOCAL = "local"


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
    LOCAL_NUMBER = "local_number"
    NIK = "nik"
    ORIGIN = "origin"


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
    "NIK": Column.NIK,
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
    "TGL LAHIR": Column.BIRTH_DATE,
    "TEMPAT TANGGAL LAHIR": Column.BIRTH_DATE,
    "TTL": Column.BIRTH_DATE,
    "GELAR DEPAN": Column.FRONT_DEGREES,
    "GELAR BELAKANG": Column.BACK_DEGREES,
    # Those of people without NIP.
    "NOMOR PEGAWAI": Column.LOCAL_NUMBER,
    "NIK": Column.NIK,
}
ORIGIN_LABEL = "BARIS ASAL (JANGAN DIUBAH)"
"""The column a correction workbook adds: which row of which sheet a row was."""

_FORMS = {Form.SIASN: _SIASN, Form.SHORT: _SHORT, Form.LOCAL: _SHORT}
_WITHOUT_NIP = frozenset({Column.LOCAL_NUMBER, Column.NIK})
"""A form that has one of these may hold people without NIP alone: it needs no column of NIPs, nor of what the people are."""
_OUTSIDE = frozenset({Column.ORIGIN})
MAPPABLE = tuple(column for column in Column if column not in _OUTSIDE)
"""The columns a local form can be mapped to."""
_MANDATORY = {
    Form.SIASN: ("NIP BARU", "NAMA", "JENIS PEGAWAI NAMA", "UNOR ID"),
    Form.SHORT: ("NIP", "NAMA", "STATUS", "NAMA UNOR"),
}
_ONLY_SIASN = ("NIP BARU", "PNS ID", "UNOR ID")
_STATED_BY: Mapping[str, frozenset[Column]] = {
    "birth_date": frozenset({Column.BIRTH_DATE}),
    "legal_status": frozenset({Column.LEGAL_STATUS}),
    "grade": frozenset({Column.GRADE}),
    "grade_title": frozenset({Column.GRADE}),
    "position_kind": frozenset({Column.POSITION_KIND, Column.POSITION_KIND_NAME}),
    "position": frozenset({Column.POSITION}),
    "echelon": frozenset({Column.ECHELON}),
    "email": frozenset({Column.EMAIL}),
    "phone": frozenset({Column.PHONE}),
    "local_number": frozenset({Column.LOCAL_NUMBER}),
    "employment": frozenset({Column.EMPLOYMENT, Column.CPNS_FLAG}),
}
"""The columns a kept value is read from; those not named here every form has, or are derived from what every form has."""

_PRIVATE = re.compile(
    "nik|nonik|nomornik|noktp|nomorktp|nokk|nomorkk|nokartukeluarga|agama.*|jeniskawin.*|statuskawin.*|statusperkawinan|alamat.*|npwp.*"
    "|nonpwp|nomornpwp|.*bpjs.*|tempatlahir.*|email|golongandarah|sukubangsa|suku"
)
_MOST_NAMES, _LONGEST_NAME = 300, 200
_FEWEST = 3
"""A row that names fewer known columns is a title or data, not a header."""


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header: its form, where each kept column stands (from 0) and how the file spells it, what is missing.

    `names` are all names of the header as the file spells them, `fingerprint` is that of these names.
    """

    form: Form
    places: Mapping[Column, int]
    labels: Mapping[Column, str]
    missing: tuple[str, ...]
    names: tuple[str, ...] = ()
    fingerprint: str = ""

    def label(self, column: Column) -> str:
        """Return the file's own name of a column, or that of the form when the file has no such column."""
        return self.labels.get(column) or next(
            (name for name, known in _FORMS[self.form].items() if known is column), ""
        )


def recognise(row: Sequence[Cell]) -> Header | None:
    """Return the header that a row is, or None. Case, spaces and punctuation do not count; of two like columns the first does."""
    keys = [key_of(cell) for cell in row]
    form = Form.SIASN if any(key_of(name) in keys for name in _ONLY_SIASN) else Form.SHORT
    known = {key_of(name): column for name, column in _FORMS[form].items()} | {key_of(ORIGIN_LABEL): Column.ORIGIN}
    places: dict[Column, int] = {}
    for place, key in enumerate(keys):
        if key in known:
            places.setdefault(known[key], place)
    if len(places) < _FEWEST or not places.keys() & {Column.NIP, Column.NAME}:
        return None
    return header_of(row, form, places)


def mapped(row: Sequence[Cell], columns: Mapping[str, str]) -> Header:
    """Return the header of a local form; `columns` says which of its columns (by name) is which of ours."""
    keys = [key_of(cell) for cell in row]
    places = {Column(ours): keys.index(key_of(theirs)) for ours, theirs in columns.items() if key_of(theirs) in keys}
    if key_of(ORIGIN_LABEL) in keys:
        places[Column.ORIGIN] = keys.index(key_of(ORIGIN_LABEL))
    return header_of(row, Form.LOCAL, places)


def header_of(row: Sequence[Cell], form: Form, places: Mapping[Column, int]) -> Header:
    """Return the header that a row is when our columns stand at these places."""
    names = tuple(
        " ".join(str(name).split())[:_LONGEST_NAME] if isinstance(name, str) else "" for name in row[:_MOST_NAMES]
    )
    labels = {column: " ".join(str(row[place]).split()) for column, place in places.items()}
    return Header(form, places, labels, _missing(form, places), names, fingerprint(row))


def _missing(form: Form, places: Mapping[Column, int]) -> tuple[str, ...]:
    """Return the names of the columns without which a form is not read."""
    given = set(places)
    if form is not Form.SIASN and Column.NIP not in given and given & _WITHOUT_NIP:
        given |= {Column.NIP, Column.EMPLOYMENT}
    if form is not Form.LOCAL:
        return tuple(name for name in _MANDATORY[form] if _FORMS[form][name] not in given)
    absent = [name for name in ("NIP", "NAMA") if _SHORT[name] not in given]
    return tuple(absent if given & {Column.UNIT_ID, Column.UNIT_NAME} else [*absent, "NAMA UNOR"])


def fingerprint(row: Sequence[Cell]) -> str:
    """Return what a form is known again by: SHA-256 of the names in its header, however they are spaced or capitalised."""
    keys = [key for key in map(key_of, row) if key and key != key_of(ORIGIN_LABEL)]
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def silent(header: Header) -> list[str]:
    """Return the kept values that the file has no column for: the roster's own stay what they are."""
    return [name for name, columns in _STATED_BY.items() if not columns & header.places.keys()]


def is_private(name: str) -> bool:
    """Tell whether a column that is not read holds what need not be known about anybody: it is not given back either."""
    return _PRIVATE.fullmatch(key_of(name)) is not None


def key_of(cell: Cell) -> str:
    """Return what counts of a column's name: letters and digits, small."""
    return re.sub(r"[\W_]+", "", cell).casefold() if isinstance(cell, str) else ""
