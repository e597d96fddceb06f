"""A synthetic roster in SIASN's export form: same seed, same bytes.

How many people a unit has follows its kind (a hospital is not a kelurahan), so that figures per agency look like a city's.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from app.opd import unit_file
from app.opd.unit_file import UnitRow

UNITS = Path(str(files("app.demo") / "kota_malang" / "unor.csv"))
COLUMNS = (
    Path(str(files("app.demo") / "kota_malang" / "siasn-columns.txt")).read_text(encoding="utf-8").split("\n")[:-1]
)
SIGNING_POPULATION = 10_500

_WEIGHTS = (
    ("RSUD", 18.0),
    ("UPT Puskesmas", 4.0),
    ("SMP Negeri", 3.0),
    ("SD Negeri", 1.3),
    ("Dinas", 1.6),
    ("Badan", 0.9),
    ("Satuan Polisi", 2.0),
    ("Kecamatan", 1.2),
    ("Kelurahan", 0.5),
    ("Sekretariat", 0.8),
)
_TEACHING = ("Guru Ahli Pertama", "Guru Ahli Muda", "Guru Ahli Madya", "Guru Kelas")
_HEALTH = ("Perawat Terampil", "Perawat Ahli Pertama", "Bidan Terampil", "Dokter Ahli Pertama", "Apoteker Ahli Pertama")
_OFFICE = (
    "Pengadministrasi Perkantoran",
    "Penelaah Teknis Kebijakan",
    "Pengolah Data dan Informasi",
    "Analis Kebijakan Ahli Muda",
    "Perencana Ahli Muda",
    "Pranata Komputer Ahli Pertama",
    "Arsiparis Terampil",
)
_MEN = [
    "Agung",
    "Bagus",
    "Cahya",
    "Danang",
    "Edi",
    "Fandi",
    "Gunadi",
    "Hari",
    "Irfan",
    "Jaya",
    "Kusno",
    "Luhur",
    "Made",
    "Nanang",
    "Panca",
    "Rahmat",
    "Satria",
    "Taufik",
    "Wisnu",
]
_WOMEN = [
    "Asih",
    "Bunga",
    "Citra",
    "Diah",
    "Erna",
    "Farida",
    "Gayatri",
    "Hesti",
    "Intan",
    "Juwita",
    "Komang",
    "Laras",
    "Mega",
    "Nanik",
    "Puspa",
    "Reni",
    "Sekar",
    "Tutik",
    "Wening",
]
_FAMILY = [
    "Adinata",
    "Budiman",
    "Darmawan",
    "Efendi",
    "Gunarto",
    "Hermanto",
    "Iskandar",
    "Jatmiko",
    "Kartono",
    "Legowo",
    "Mahendra",
    "Nuraini",
    "Pranoto",
    "Sa'diyah",
]
_FAMILY += [
    "Sasongko",
    "Triatmojo",
    "Utami",
    "Waluyo",
    "Yulianto",
    "Zubaidah",
    "Anggraeni",
    "Damayanti",
    "Kinasih",
    "Ma'arif",
    "Prihatin",
    "Sudarsono",
]
_FRONT = ("", "", "", "", "", "Drs.", "Dra.", "Ir.", "Dr.", "H.", "Hj.")
_BACK = ("", "", "S.Pd.", "S.E.", "S.H.", "S.Kom.", "S.Kep., Ns.", "A.Md.", "M.Si.", "S.H., M.H.", "S.STP., M.AP.")
_PNS_GRADES = ("II/c", "II/d", "III/a", "III/b", "III/c", "III/d", "IV/a", "IV/b")
_PPPK_GRADES = ("V", "VII", "IX", "X")
_HEAD_GRADE = {"21": "IV/d", "22": "IV/c", "31": "IV/a"}


@dataclass(frozen=True, slots=True)
class _Place:
    unit: UnitRow
    is_head: bool


def write(path: Path, people: int = SIGNING_POPULATION, *, seed: int = 1, one_unit: bool = False) -> None:
    """Write a roster of so many people as CSV; `one_unit`: the staff of the whole city in one of its units."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows(people, seed=seed, one_unit=one_unit))


def rows(people: int, *, seed: int = 1, one_unit: bool = False) -> Iterator[dict[str, str]]:
    """Yield the rows: the head of every unit first, then staff spread by the units' weights."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable city, not a secret
    places = _places(people, chance, one_unit=one_unit)
    taken: set[str] = set()
    for number, place in enumerate(places, start=1):
        row = _person(number, place, chance)
        while row["NIP BARU"] in taken:
            row = _person(number, place, chance)
        taken.add(row["NIP BARU"])
        yield row


def _places(people: int, chance: random.Random, *, one_unit: bool) -> list[_Place]:
    units = [unit for unit in unit_file.read(UNITS) if unit.parent_id]
    heads = [_Place(unit, is_head=True) for unit in units if unit.head_title][:people]
    weights = [_weight(unit.name) for unit in units]
    largest = [units[weights.index(max(weights))]]
    staff = chance.choices(*((largest,) if one_unit else (units, weights)), k=people - len(heads))
    return heads + [_Place(unit, is_head=False) for unit in staff]


def _weight(name: str) -> float:
    return next((weight for start, weight in _WEIGHTS if name.startswith(start)), 0.6)


def _person(number: int, place: _Place, chance: random.Random) -> dict[str, str]:
    woman = chance.random() < 0.55
    pns = place.is_head or chance.random() < 0.58
    born = date(1967, 1, 1) + timedelta(days=chance.randrange(365 * (20 if place.is_head else 33)))
    first_year = max(born.year + 22, 1990)
    year = min(first_year + chance.randrange(6), 2024) if pns else chance.choice((2021, 2022, 2023, 2024))
    month = chance.choice(("01", "03", "04", "12")) if pns else "21"
    nip = f"{born:%Y%m%d}{year}{month}{2 if woman else 1}{chance.randrange(1, 1000):03d}"
    grade = chance.choice(_PNS_GRADES if pns else _PPPK_GRADES)
    name = " ".join([chance.choice(_WOMEN if woman else _MEN), *chance.sample(_FAMILY, 2)]).upper()
    unit = place.unit
    return {
        "PNS ID": f"DEMO{number:08d}",
        "NIP BARU": nip,
        "NAMA": name,
        "GELAR DEPAN": chance.choice(_FRONT),
        "GELAR BELAKANG": chance.choice(_BACK),
        "TANGGAL LAHIR": f"{born:%d-%m-%Y}",
        "JENIS KELAMIN": "F" if woman else "M",
        "EMAIL GOV": f"asn{number}@malangkota.example" if chance.random() < 0.8 else "",
        "NOMOR HP": f"08{chance.randrange(10**9, 10**10)}",
        "JENIS PEGAWAI NAMA": "PNS Daerah Kab/Kota" if pns else "PPPK",
        "STATUS CPNS PNS": ("C" if year >= 2024 else "P") if pns else "",
        "GOL AKHIR NAMA": _HEAD_GRADE.get(unit.echelon or "", "III/d") if place.is_head else grade,
        "UNOR ID": unit.id,
        "UNOR NAMA": unit.name,
        "INSTANSI KERJA NAMA": "Pemerintah Kota Malang",
        "ESELON ID": (unit.echelon or "99") if place.is_head else "99",
        **_position(place, chance),
        **_standing(place, chance, pns=pns),
    }


def _position(place: _Place, chance: random.Random) -> dict[str, str]:
    unit = place.unit
    if place.is_head:
        return {"JENIS JABATAN ID": "1", "JENIS JABATAN NAMA": "Struktural", "JABATAN NAMA": unit.head_title or ""}
    school = unit.name.startswith(("SD ", "SMP "))
    clinic = unit.name.startswith(("UPT Puskesmas", "RSUD"))
    position = chance.choice(_TEACHING if school else _HEALTH if clinic else _OFFICE)
    functional = school or clinic or "Ahli" in position or "Terampil" in position
    kind = ("2", "Fungsional Tertentu") if functional else ("4", "Fungsional Umum")
    return {"JENIS JABATAN ID": kind[0], "JENIS JABATAN NAMA": kind[1], "JABATAN NAMA": position}


def _standing(place: _Place, chance: random.Random, *, pns: bool) -> dict[str, str]:
    """Nearly everybody is on duty; one in a thousand is suspended, two on unpaid leave, six study."""
    if not pns:
        return {"KEDUDUKAN HUKUM ID": "71", "KEDUDUKAN HUKUM NAMA": "PPPK Aktif"}
    luck = 1.0 if place.is_head else chance.random()
    code, name = (
        ("04", "Pemberhentian Sementara")
        if luck < 0.001
        else ("02", "CLTN")
        if luck < 0.003
        else ("03", "Tugas Belajar")
        if luck < 0.009
        else ("01", "Aktif")
    )
    return {"KEDUDUKAN HUKUM ID": code, "KEDUDUKAN HUKUM NAMA": name}
