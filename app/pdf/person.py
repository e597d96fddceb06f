"""What is personal in a document, and the words in which it is printed."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.pdf.errors import GlyphMissing, ValueMissing
from app.pdf.font import CHARACTERS
from app.pdf.typesetter import tidy

ROUND_FIELDS = frozenset(
    {
        "jenis_pemilihan",
        "JENIS_PEMILIHAN",
        "tahun",
        "instansi",
        "tempat",
        "pegawai",
        "PEGAWAI",
        "pegawai_lengkap",
        "PEGAWAI_LENGKAP",
    }
)
PERSON_FIELDS = frozenset({"nama", "nip", "pangkat", "jabatan", "unit_kerja", "perangkat_daerah"})
OFFICIAL_FIELDS = frozenset({"nama_pejabat", "nip_pejabat", "pangkat_pejabat", "jabatan_pejabat"})
WHO = {"pegawai": "Pegawai ASN", "pegawai_lengkap": "Pegawai Aparatur Sipil Negara"}
"""Who signs, where a round does not say it in other words."""


@dataclass(frozen=True)
class Official:
    """Who takes note of a pledge ("Mengetahui"): the head of the agency, also an acting one ("Plt. Kepala …")."""

    name: str
    nip: str
    position: str
    grade: str = ""


@dataclass(frozen=True)
class PersonValues:
    """One signer: name with degrees, NIP grouped for print, grade ("Penata, III/c"), position, unit, agency (OPD)."""

    name: str
    nip: str
    grade: str
    position: str
    unit: str
    agency: str = ""
    countersigner: Official | None = None


def round_fields(values: Mapping[str, str], place: str) -> dict[str, str]:
    """The printed form of a round's values; every one of them must be there, whether the template uses it or not."""
    for name in ("jenis_pemilihan", "tahun", "instansi"):
        if not tidy(values.get(name, "")):
            raise ValueMissing(name)
    printed = WHO | {name: tidy(text) for name, text in values.items()}
    for name, text in printed.items():
        if missing := set(text) - CHARACTERS:
            raise GlyphMissing(name, missing)
    for name in ("jenis_pemilihan", "pegawai", "pegawai_lengkap"):
        printed[name.upper()] = printed[name].upper()
    printed["tempat"] = tidy(place)
    return printed


def _place_of_work(unit: str, agency: str) -> str:
    """A unit's name alone often means nothing ("Subbagian Umum"): its agency follows unless the name holds it already."""
    if not unit or agency in unit:
        return unit or agency
    return f"{unit}, {agency}"


def person_fields(person: PersonValues) -> dict[str, str]:
    """The printed form of a person's values by template field; what is absent is empty, the name must be there."""
    name = tidy(person.name)
    if not name:
        raise ValueMissing("nama")
    unit, agency = tidy(person.unit), tidy(person.agency)
    printed = {
        "nama": name,
        "nip": tidy(person.nip),
        "pangkat": tidy(person.grade),
        "jabatan": tidy(person.position),
        "unit_kerja": _place_of_work(unit, agency),
        "perangkat_daerah": agency,
    }
    official = person.countersigner
    if official is not None:
        printed["nama_pejabat"] = tidy(official.name)
        printed["nip_pejabat"] = tidy(official.nip)
        printed["pangkat_pejabat"] = tidy(official.grade)
        printed["jabatan_pejabat"] = tidy(official.position)
    return printed
