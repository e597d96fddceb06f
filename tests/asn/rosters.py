"""Rosters of synthetic people in both forms, spoiled the way real exports are, with the truth about every spoiled row."""

import csv
import io
import random
from datetime import date, timedelta

from openpyxl import Workbook

from tests.opd.units import unit_rows

# fmt: off
# The columns in the order of the export; names hold no comma.
SIASN = ["PNS ID", "NIP BARU", "NIP LAMA", "NAMA", "GELAR DEPAN", "GELAR BELAKANG", "TEMPAT LAHIR ID", "TEMPAT LAHIR NAMA", "TANGGAL LAHIR", "JENIS KELAMIN", "AGAMA ID", "AGAMA NAMA", "JENIS KAWIN ID", "JENIS KAWIN NAMA", "NIK", "NOMOR HP", "EMAIL", "EMAIL GOV", "ALAMAT", "NPWP NOMOR", "BPJS", "JENIS PEGAWAI ID", "JENIS PEGAWAI NAMA", "KEDUDUKAN HUKUM ID", "KEDUDUKAN HUKUM NAMA", "STATUS CPNS PNS", "KARTU ASN VIRTUAL", "NOMOR SK CPNS", "TANGGAL SK CPNS", "TMT CPNS", "NOMOR SK PNS", "TANGGAL SK PNS", "TMT PNS", "GOL AWAL ID", "GOL AWAL NAMA", "GOL AKHIR ID", "GOL AKHIR NAMA", "TMT GOLONGAN", "MK TAHUN", "MK BULAN", "JENIS JABATAN ID", "JENIS JABATAN NAMA", "JABATAN ID", "JABATAN NAMA", "TMT JABATAN", "TINGKAT PENDIDIKAN ID", "TINGKAT PENDIDIKAN NAMA", "PENDIDIKAN ID", "PENDIDIKAN NAMA", "TAHUN LULUS", "KPKN ID", "KPKN NAMA", "LOKASI KERJA ID", "LOKASI KERJA NAMA", "UNOR ID", "UNOR NAMA", "INSTANSI INDUK ID", "INSTANSI INDUK NAMA", "INSTANSI KERJA ID", "INSTANSI KERJA NAMA", "SATUAN KERJA INDUK ID", "SATUAN KERJA INDUK NAMA", "SATUAN KERJA KERJA ID", "SATUAN KERJA KERJA NAMA", "IS VALID NIK", "NAMA SEKOLAH", "FLAG IKD", "ESELON ID", "ESELON NAMA"]
SHORT = ["NIP", "NAMA", "JENIS KELAMIN", "STATUS", "GOLONGAN", "JENIS JABATAN", "NAMA JABATAN", "NAMA UNOR", "UNOR INDUK", "EMAIL", "NOMOR HP"]
# fmt: on

FIRST = {"M": ["BUDI", "M. ALI", "I MADE", "ZAINAL"], "F": ["SITI", "NI LUH", "NUR'AINI", "DEWI"]}
LAST = ["SANTOSO", "SA'DIYAH", "AL-FARISI", "WIBOWO"]
FRONT = ["", "", "Drs.", "Dr.", "H.", "dr."]
BACK = ["", "", "S.H.", "S.Kep., Ns.", "S.H., M.H."]


def _number(row, form):
    row["NIP BARU"] = form(row["NIP BARU"])


def _set(column, value):
    return lambda row: row.__setitem__(column, value)


# How a row is spoiled: what is done to it, the outcome owed, and the code it must then carry.
SPOILS = {
    "apostrophe": (lambda row: _number(row, "'{}".format), "accepted", None),
    "grouped": (lambda row: _number(row, lambda n: f"{n[:8]} {n[8:14]} {n[14]} {n[15:]}"), "accepted", None),
    "padded": (lambda row: row.update(NAMA=f"  {row['NAMA'].replace(' ', '  ', 1)}\u00a0"), "accepted", None),
    "iso_date": (
        lambda row: row.update({"TANGGAL LAHIR": "-".join(reversed(row["TANGGAL LAHIR"].split("-")))}),
        "accepted",
        None,
    ),
    "letter_o": (lambda row: _number(row, lambda n: n.replace("0", "O", 1)), "warned", "repaired.characters"),
    "birth_mismatch": (_set("TANGGAL LAHIR", "01-02-1950"), "warned", "birth_date.mismatch"),
    "excel_float": (lambda row: _number(row, lambda n: f"{int(n):.5E}"), "rejected", "nip.excel_float"),
    "excel_zeros": (lambda row: _number(row, lambda n: f"{n[:15]}000"), "rejected", "nip.excel_zeros"),
    "short_nip": (lambda row: _number(row, lambda n: n[:17]), "rejected", "nip.length"),
    "bad_month": (lambda row: _number(row, lambda n: f"{n[:12]}13{n[14:]}"), "rejected", "nip.month"),
    "impossible_birth": (lambda row: _number(row, lambda n: f"{n[:4]}0231{n[8:]}"), "rejected", "nip.birth_date"),
    "unknown_unit": (
        lambda row: row.update({"UNOR ID": "FFFF", "UNOR NAMA": "Seksi Lama"}),
        "rejected",
        "unit.unknown",
    ),
    "no_name": (_set("NAMA", ""), "rejected", "name.missing"),
    "formula": (
        lambda row: row.update(NAMA=f'=HYPERLINK("http://example.id","{row["NAMA"]}")'),
        "rejected",
        "name.formula",
    ),
    "number_cell": (lambda row: _number(row, int), "rejected", "nip.excel_float"),
    "duplicate": (None, "rejected", "nip.duplicate"),
}


def person(number, rng):
    """One clean SIASN row."""
    sex, kind = rng.choice("MF"), rng.choice(["PNS", "CPNS", "PPPK"])
    born = date(1968, 1, 1) + timedelta(days=rng.randrange(9000))
    middle = f"{born.year + 25}21" if kind == "PPPK" else f"{born.year + 25}{rng.randrange(1, 13):02d}"
    unit = rng.choice(unit_rows()[1:])
    row = dict.fromkeys(SIASN, "")
    return row | {
        "PNS ID": f"{number:032X}",
        "NIP BARU": f"{born:%Y%m%d}{middle}{'1' if sex == 'M' else '2'}{1 + number % 999:03d}",
        "NAMA": f"{rng.choice(FIRST[sex])} {rng.choice(LAST)}",
        "GELAR DEPAN": rng.choice(FRONT),
        "GELAR BELAKANG": rng.choice(BACK),
        "TANGGAL LAHIR": f"{born:%d-%m-%Y}",
        "JENIS KELAMIN": sex,
        "AGAMA NAMA": "RAHASIA",
        "NIK": "3573000000000000",
        "ALAMAT": "RAHASIA",
        "EMAIL": "pribadi@example.id",
        "EMAIL GOV": f"asn{number}@kota.example.id",
        "NOMOR HP": f"0812{number:07d}",
        "JENIS PEGAWAI NAMA": "PPPK" if kind == "PPPK" else "PNS Daerah Kab/Kota",
        "KEDUDUKAN HUKUM ID": "71" if kind == "PPPK" else "01",
        "KEDUDUKAN HUKUM NAMA": "Aktif",
        "STATUS CPNS PNS": {"PNS": "P", "CPNS": "C", "PPPK": ""}[kind],
        "GOL AKHIR NAMA": "IX" if kind == "PPPK" else "III/d",
        "JENIS JABATAN ID": "2",
        "JENIS JABATAN NAMA": "Fungsional Tertentu",
        "JABATAN NAMA": "Arsiparis Terampil",
        "UNOR ID": unit.id,
        "UNOR NAMA": unit.name,
        "ESELON ID": "99",
    }


def roster(count, seed, dirt):
    """Return SIASN rows and the truth: row number in the sheet -> (how, outcome, code)."""
    rng = random.Random(seed)
    rows, truth, clean = [], {}, None
    for number in range(count):
        row = person(number, rng)
        if clean and rng.random() < dirt:
            how = rng.choice(list(SPOILS))
            spoil, outcome, code = SPOILS[how]
            if spoil:
                spoil(row)
            else:
                row = dict(clean)
            truth[number + 2] = (how, outcome, code)
        else:
            clean = dict(row)
        rows.append(row)
    return rows, truth


def short_row(row):
    """Return the short form of a SIASN row: degrees stand in the name, the agency beside the unit."""
    units = {unit.id: unit for unit in unit_rows()}
    unit = units.get(row["UNOR ID"])
    name = " ".join(part for part in (row["GELAR DEPAN"], row["NAMA"]) if part)
    name += f", {row['GELAR BELAKANG']}" if row["GELAR BELAKANG"] else ""
    kind = "CPNS" if row["STATUS CPNS PNS"] == "C" else row["JENIS PEGAWAI NAMA"].split()[0]
    sex = {"M": "L", "F": "P"}[row["JENIS KELAMIN"]]
    agency = units[unit.agency_id].name if unit else ""
    return (
        row["NIP BARU"], name, sex, kind, row["GOL AKHIR NAMA"], row["JENIS JABATAN NAMA"], row["JABATAN NAMA"], row["UNOR NAMA"],
        agency, row["EMAIL GOV"], row["NOMOR HP"],
    )  # fmt: skip


def table(rows, form):
    """Return header and values in one of the forms, `siasn` or `short`."""
    if form == "siasn":
        return [SIASN, *(tuple(row[column] for column in SIASN) for row in rows)]
    return [SHORT, *map(short_row, rows)]


def write(path, sheets):
    """Write one or more named tables: an XLSX of sheets, or a CSV of the first."""
    if path.suffix == ".csv":
        text = io.StringIO()
        csv.writer(text).writerows(next(iter(sheets.values())))
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
        return path
    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path
