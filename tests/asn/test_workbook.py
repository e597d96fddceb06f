import random
import struct
import time
import zipfile

import pytest
from openpyxl import Workbook

from app.asn import sheet, workbook
from app.asn.refusal import SheetRefused
from app.asn.workbook import Limits
from tests.asn.rosters import roster, table, write


def code_of(path, limits=None):
    with pytest.raises(SheetRefused) as refused:
        list(sheet.read(path, limits))
    return refused.value.code


def make_zip(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def good(tmp_path):
    return write(tmp_path / "good.xlsx", {"x": table(roster(50, 1, dirt=0)[0], "short")})


def test_a_bomb_is_not_unpacked(tmp_path):
    bomb = make_zip(tmp_path / "a.xlsx", {"xl/workbook.xml": bytes(30_000_000)})
    assert bomb.stat().st_size < 50_000
    assert code_of(bomb, Limits(unpacked=10_000_000)) == "sheet.too_large"


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(tmp_path):
    bomb = make_zip(tmp_path / "a.xlsx", {"xl/workbook.xml": bytes(30_000_000)})
    true, claimed = struct.pack("<I", 30_000_000), struct.pack("<I", 100)
    bomb.write_bytes(bomb.read_bytes().replace(true, claimed))
    with zipfile.ZipFile(bomb) as archive:
        assert archive.infolist()[0].file_size == 100
    assert code_of(bomb, Limits(unpacked=10_000_000)) == "sheet.too_large"


def test_two_cells_at_far_corners_make_no_grid(tmp_path):
    book = Workbook()
    book.active["A1"] = book.active["XFD1048576"] = "x"
    book.save(tmp_path / "a.xlsx")
    started = time.perf_counter()
    assert code_of(tmp_path / "a.xlsx") == "sheet.header"
    with pytest.raises(SheetRefused, match="too_large"):
        workbook.refuse_unless_small(tmp_path / "a.xlsx", Limits())
    assert time.perf_counter() - started < 1


def test_what_claims_too_much_is_refused_before_it_is_unpacked(tmp_path):
    claiming = make_zip(tmp_path / "a.xlsx", {"xl/workbook.xml": bytes(1000)})
    true, claimed = struct.pack("<I", 1000), struct.pack("<I", 2_000_000_000)
    claiming.write_bytes(claiming.read_bytes().replace(true, claimed))
    bomb = make_zip(tmp_path / "b.xlsx", {"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": bytes(600_000_000)})
    assert bomb.stat().st_size < 1_000_000
    started = time.perf_counter()
    assert code_of(claiming) == code_of(bomb) == "sheet.too_large"
    assert time.perf_counter() - started < 0.5


def test_macros_are_refused(tmp_path):
    parts = {"xl/workbook.xml": b"<workbook/>", "xl/vbaProject.bin": b"\xd0\xcf"}
    assert code_of(make_zip(tmp_path / "a.xlsm", parts)) == "sheet.macros"


def test_a_reference_across_two_chunks_is_seen(tmp_path):
    for padding in range(40):
        cells = b"<sheetData>" + b" " * ((1 << 20) - 11 - padding) + b'<c r="XFD1048576"/>'
        path = make_zip(tmp_path / f"{padding}.xlsx", {"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": cells})
        assert code_of(path) == "sheet.too_large"


def test_a_zip_of_something_else_is_no_spreadsheet(tmp_path):
    assert code_of(make_zip(tmp_path / "a.xlsx", {"word/document.xml": b""})) == "sheet.not_spreadsheet"
    assert code_of(make_zip(tmp_path / "b.xlsx", {"xl/workbook.bin": b""})) == "sheet.old_format"


def test_an_empty_workbook_is_damaged(tmp_path):
    assert code_of(make_zip(tmp_path / "a.xlsx", {"xl/workbook.xml": b"<no"})) == "sheet.damaged"


def test_an_encrypted_part_is_refused(good):
    content = bytearray(good.read_bytes())
    for magic, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = content.find(magic)
        while place >= 0:
            content[place + flags] |= 1
            place = content.find(magic, place + 4)
    good.write_bytes(content)
    assert code_of(good) == "sheet.encrypted"


def test_the_limits_let_a_whole_province_in():
    assert Limits().cells >= 200_000 * 69


def test_a_damaged_workbook_is_read_or_refused(tmp_path, good):
    content = good.read_bytes()
    rng = random.Random(1)
    outcomes = set()
    for number in range(300):
        changed = bytearray(content)
        for _ in range(rng.randrange(1, 4)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        path = tmp_path / f"{number}.xlsx"
        path.write_bytes(changed[: rng.choice([len(changed), rng.randrange(len(changed))])])
        try:
            outcomes.add(len(list(sheet.read(path))))
        except SheetRefused as refused:
            outcomes.add(refused.code)
    assert "sheet.damaged" in outcomes


def test_column_letters_are_counted():
    assert [workbook._column_number(letters) for letters in (b"A", b"Z", b"AA", b"xfd")] == [1, 26, 27, 16384]
