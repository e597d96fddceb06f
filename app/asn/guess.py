"""Guesses which column of a local form is which of ours: by what it is called, and by what stands below.

A guess only opens the door: the file is read with it when NIP, name and unit are found, and its user can correct it
(`PUT /roster-imports/{id}/mapping`), which is remembered for the next file with the same header.
"""

import re
from collections.abc import Callable, Sequence

from app.asn import cell, nip
from app.asn.cell import Cell
from app.asn.columns import Column, Form, Header, header_of, key_of
from app.opd.tree import UnitDirectory

_SYNONYMS: dict[Column, tuple[str, ...]] = {
    Column.NIP: (
        "nip",
        "nipbaru",
        "nomorindukpegawai",
        "noindukpegawai",
        "nipnippppk",
        "nipnipppk",
        "nipppk",
        "nipasn",
    ),
    Column.PNS_ID: ("pnsid", "idpns", "asnid", "idasn"),
    Column.NAME: ("nama", "namalengkap", "namapegawai", "namaasn", "namagelar", "namadangelar", "pegawai"),
    Column.FRONT_DEGREES: ("gelardepan",),
    Column.BACK_DEGREES: ("gelarbelakang",),
    Column.BIRTH_DATE: (
        "tanggallahir",
        "tgllahir",
        "tgllhr",
        "tanggalkelahiran",
        "tempattanggallahir",
        "tempattgllahir",
        "tempatdantanggallahir",
        "ttl",
    ),
    Column.SEX: ("jeniskelamin", "jk", "lp", "kelamin"),
    Column.EMPLOYMENT: ("statuspegawai", "statuskepegawaian", "jenispegawai", "jenisasn", "statusasn", "status"),
    Column.LEGAL_STATUS: ("kedudukanhukumid", "kodekedudukanhukum"),
    Column.GRADE: (
        "golongan",
        "gol",
        "golruang",
        "golonganruang",
        "pangkatgol",
        "pangkatgolongan",
        "golru",
        "pangkatgolruang",
    ),
    Column.POSITION: ("jabatan", "namajabatan"),
    Column.POSITION_KIND_NAME: ("jenisjabatan",),
    Column.UNIT_NAME: (
        "unitkerja",
        "unor",
        "namaunor",
        "unit",
        "namaunitkerja",
        "tempattugas",
        "satuankerja",
        "subunit",
    ),
    Column.UNIT_ID: ("unorid", "idunor", "kodeunor"),
    Column.AGENCY_NAME: ("opd", "skpd", "perangkatdaerah", "unorinduk", "namaopd", "instansi", "unitinduk"),
    Column.EMAIL: ("email", "surel", "emaildinas", "alamatemail"),
    Column.PHONE: ("nohp", "nomorhp", "hp", "telepon", "notelp", "nowa", "handphone"),
    Column.LOCAL_NUMBER: (
        "nomorpegawai",
        "nopegawai",
        "niptt",
        "nomorniptt",
        "nipttpk",
        "nomorregistrasi",
        "noregistrasi",
        "noreg",
        "nomorkontrak",
        "nokontrak",
        "nothl",
        "nomorthl",
        "nomorindukhonorer",
    ),
    Column.NIK: ("nik", "nomornik", "nonik", "noktp", "nomorktp", "nikktp", "nomorindukkependudukan"),
}
_GRADE = re.compile(r"(?:.*[,\s(])?(?:IV|I{1,3})\s*/\s*[a-e]\)?|[IVX]{1,5}", re.IGNORECASE)
_SHARE = 0.6
"""So many of the cells of a column must look like it."""


def guess(rows: Sequence[Sequence[Cell]], units: UnitDirectory | None) -> tuple[int, Header] | None:
    """Return (place of the header among the rows, header) of a local form; None when nobody is told apart in it.

    People are told apart by NIPs, or by a column so named of agency's numbers or NIKs. The header may lack mandatory columns:
    its `missing` says which.
    """
    first = next((place for place, row in enumerate(rows) if any(map(_is_nip, row))), None)
    if first is None:
        return _without_nips(rows, units)
    place = next((at for at in range(first - 1, -1, -1) if _names(rows[at]) >= 2), None)
    if place is None:
        return None
    header, below = rows[place], rows[first:]
    found = _by_content(header, below, units, {})
    named = _by_name(header, taken=set(found.values()))
    # What a column holds says more than its name where it is plain: NIPs, units that exist.
    places = named | {column: at for column, at in found.items() if column in {Column.NIP, Column.UNIT_NAME}}
    for column, at in _by_content(header, below, units, places).items():
        if column not in places and at not in places.values():
            places[column] = at
    born = _born(header, below, places)
    if born is not None:
        places[Column.BIRTH_DATE] = born
    return place, header_of(header, Form.LOCAL, places)


def _born(header: Sequence[Cell], rows: Sequence[Sequence[Cell]], places: dict[Column, int]) -> int | None:
    """Return the column whose dates are the days of birth that the NIPs beside them state, whatever it is called."""
    at_nip = places.get(Column.NIP)
    if at_nip is None or Column.BIRTH_DATE in places:
        return None
    readings = [(row, nip.read(row[at_nip]).nip) for row in rows if at_nip < len(row)]
    read = [(row, found.birth_date) for row, found in readings if found is not None]
    shares: dict[int, float] = {}
    for at in set(range(len(header))) - set(places.values()):
        days = [(cell.date(row[at]), born) for row, born in read if at < len(row)]
        stated = [day == born for day, born in days if day]
        shares[at] = sum(stated) / len(stated) if stated and len(stated) >= len(days) * _SHARE else 0.0
    best = max(shares, key=lambda at: shares[at], default=None)
    return best if best is not None and shares[best] >= _SHARE else None


def _without_nips(rows: Sequence[Sequence[Cell]], units: UnitDirectory | None) -> tuple[int, Header] | None:
    for place, row in enumerate(rows):
        named = _by_name(row, taken=set())
        if Column.NAME in named and named.keys() & {Column.LOCAL_NUMBER, Column.NIK} and len(named) > 2:
            found = _by_content(
                row, rows[place + 1 :], units, {c: at for c, at in named.items() if c != Column.UNIT_NAME}
            )
            if Column.UNIT_NAME in found:
                named[Column.UNIT_NAME] = found[Column.UNIT_NAME]
            return place, header_of(row, Form.LOCAL, named)
    return None


def _names(row: Sequence[Cell]) -> int:
    return sum(1 for name in row if isinstance(name, str) and any(letter.isalpha() for letter in name))


def _by_name(header: Sequence[Cell], taken: set[int]) -> dict[Column, int]:
    keys = [key_of(name) for name in header]
    places: dict[Column, int] = {}
    for column, names in _SYNONYMS.items():
        at = next((keys.index(name) for name in names if name in keys), None)
        if (
            at is not None
            and at not in places.values()
            and (at not in taken or column in {Column.NIP, Column.UNIT_NAME})
        ):
            places[column] = at
    return places


def _by_content(
    header: Sequence[Cell], rows: Sequence[Sequence[Cell]], units: UnitDirectory | None, known: dict[Column, int]
) -> dict[Column, int]:
    tests: dict[Column, Callable[[Cell], bool]] = {
        Column.NIP: _is_nip,
        Column.UNIT_NAME: lambda value: units is not None and units.names(cell.text(value)),
        Column.EMAIL: lambda value: "@" in cell.text(value),
        Column.GRADE: lambda value: _GRADE.fullmatch(cell.text(value)) is not None,
        Column.NAME: _is_name,
    }
    places: dict[Column, int] = {}
    for column, test in tests.items():
        free = [at for at in range(len(header)) if at not in places.values() and at not in known.values()]
        best = max(free, key=lambda at: _share(rows, at, test), default=None)
        if best is not None and _share(rows, best, test) >= _SHARE:
            places[column] = best
    return places


def _share(rows: Sequence[Sequence[Cell]], at: int, test: Callable[[Cell], bool]) -> float:
    cells = [row[at] for row in rows if at < len(row) and cell.text(row[at])]
    return sum(map(test, cells)) / len(cells) if cells else 0.0


def _is_nip(value: Cell) -> bool:
    reading = nip.read(value) if value is not None else None
    return reading is not None and (reading.nip is not None or reading.code in {"nip.excel_float", "nip.excel_zeros"})


def _is_name(value: Cell) -> bool:
    line = cell.text(value)
    return " " in line and all(letter.isalpha() or letter in " .,'’-" for letter in line)
