import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from app.asn import refusal, sheet
from app.asn.columns import Column
from app.asn.refusal import SheetRefused
from tests.asn.rosters import SHORT, roster, table, write

TABLE = table(roster(4, 1, dirt=0)[0], "short")


def code_of(path):
    with pytest.raises(SheetRefused) as refused:
        list(sheet.read(path))
    assert refused.value.remedy
    return refused.value.code


def numbers(path):
    return [row.number for row in sheet.read(path)]


def csv_bytes(rows, delimiter=",", encoding="utf-8"):
    quoted = (delimiter.join(f'"{value}"' for value in row) for row in rows)
    return "\r\n".join(quoted).encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_any_usual_kind_is_read(tmp_path, encoding, delimiter):
    path = tmp_path / "pegawai.txt"
    path.write_bytes(csv_bytes([*TABLE, ("1", "JOSÉ", *[""] * 9)], delimiter, encoding))
    rows = list(sheet.read(path))
    assert [row.number for row in rows] == [2, 3, 4, 5, 6]
    assert [row.cells[Column.NIP] for row in rows[:4]] == [row[0] for row in TABLE[1:]]
    assert rows[4].cells[Column.NAME] == "JOSÉ"


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_title_rows_blank_rows_and_repeated_headers_are_passed_over(tmp_path, suffix):
    rows = [("DAFTAR PEGAWAI",), ("Pemerintah Kota; 2026",), (), *TABLE[:3], (), SHORT, *TABLE[3:], ("", " ", None)]
    assert numbers(write(tmp_path / f"a{suffix}", {"x": rows})) == [5, 6, 9, 10]


def test_every_visible_sheet_with_a_complete_header_is_read(tmp_path):
    path = tmp_path / "a.xlsx"
    book = Workbook()
    book.active.append(["Rekap"])
    for name, rows in {
        "PNS": TABLE[:3],
        "PPPK": [TABLE[0], *TABLE[3:]],
        "Rusak": [("NIP", "NAMA", "GOLONGAN")],
        "Lama": TABLE,
    }.items():
        for row in rows:
            (book[name] if name in book.sheetnames else book.create_sheet(name)).append(row)
    book["Lama"].sheet_state = "hidden"
    book.save(path)
    assert [(row.sheet, row.number) for row in sheet.read(path)] == [("PNS", 2), ("PNS", 3), ("PPPK", 2), ("PPPK", 3)]


def test_missing_columns_are_named(tmp_path):
    path = write(tmp_path / "a.csv", {"x": [("NIP", "NAMA", "GOLONGAN"), ("1", "2", "3")]})
    with pytest.raises(SheetRefused) as refused:
        sheet.read(path)
    assert (refused.value.code, refused.value.missing) == ("sheet.columns", ("STATUS", "NAMA UNOR"))
    assert "STATUS, NAMA UNOR" in refused.value.remedy


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "sheet.header"),
        (b"halo, dunia\n", "sheet.header"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "sheet.not_spreadsheet"),
        (b"%PDF-1.7\n", "sheet.not_spreadsheet"),
        (b"\x01\0\x02\0binary", "sheet.not_spreadsheet"),
        (b"PK\x03\x04 cut short", "sheet.damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "sheet.old_format"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "sheet.encrypted"),
    ],
)
def test_what_is_no_roster_is_refused_whatever_its_name(tmp_path, content, code):
    path = tmp_path / "pegawai.xlsx"
    path.write_bytes(content)
    assert code_of(path) == code


def test_an_endless_field_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(csv_bytes(TABLE) + b'\r\n"' + b"x" * 200_000)
    assert code_of(path) == "sheet.damaged"


def test_every_refusal_has_a_remedy():
    for code in refusal.CODES:
        assert SheetRefused(code, ("NIP",)).remedy.endswith(".")


@given(content=st.binary(max_size=400), start=st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", csv_bytes(TABLE)]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, start):
    path = tmp_path_factory.mktemp("sheet") / "a.xlsx"
    path.write_bytes(start + content)
    try:
        rows = list(sheet.read(path))
    except SheetRefused:
        return
    assert all(row.number > 1 for row in rows)
