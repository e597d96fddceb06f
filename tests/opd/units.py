"""A small city: its unit file as SIASN exports it."""

from app.opd.unit_file import UnitRow

HEADER = ("Id", "NamaUnor", "DiatasanId", "IndukUnorId", "EselonId", "NamaJabatan")
ROOT = "A0"


def unit_records():
    """Root, secretariat with two parts, three offices with a secretariat each, schools placed under a far office, a district."""
    rows = [
        (ROOT, "Pemerintah Kota Contoh", "", ROOT, "", "Wali Kota"),
        ("B1", "Sekretariat Daerah", ROOT, "B1", "21", "Sekretaris Daerah"),
        ("B2", "Bagian Hukum", "B1", "B1", "31", "Kepala Bagian Hukum"),
        ("B3", "Bagian Pengadaan Barang/Jasa", "B1", "B1", "31", "Kepala Bagian Pengadaan"),
        ("K1", "Kecamatan Sukun", ROOT, "K1", "31", "Camat Sukun"),
        ("K2", "Kelurahan Gadang", "K1", "K1", "41", "Lurah Gadang"),
        # The school stands below the district on the chart and counts to the education office.
        ("S1", "SD Negeri Gadang 1", "K1", "C10", "99", "Kepala Sekolah"),
    ]
    for number, name in enumerate(("Dinas Pendidikan", "Dinas Kesehatan", "Inspektorat Daerah"), start=1):
        office = f"C{number}0"
        rows += [
            (office, name, ROOT, office, "22", f"Kepala {name}"),
            (f"C{number}1", "Sekretariat", office, office, "31", f"Sekretaris {name}"),
            (f"C{number}2", "Sub Bagian Keuangan", f"C{number}1", office, "41", "Kepala Sub Bagian Keuangan"),
        ]
    return rows


def unit_rows():
    return [
        UnitRow(number, unit_id, name, parent or None, agency or None, echelon or None, head or None)
        for number, (unit_id, name, parent, agency, echelon, head) in enumerate(unit_records(), start=2)
    ]


def csv_text(rows, header=HEADER, delimiter=";"):
    return "".join(f"{delimiter.join(row)}\r\n" for row in (header, *rows))
