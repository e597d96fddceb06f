"""The streaming reader of worksheets says what a full reader says, and gives way to it where the XML is unusual."""

import datetime as dt
import io
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from python_calamine import CalamineWorkbook

from app.asn import cell, workbook, worksheet
from app.asn.refusal import SheetRefused
from app.asn.workbook import Limits
from app.asn.worksheet import Unusual


def streamed(path: Path) -> dict[str, list[list[object]]]:
    return {name: [list(row) for row in rows] for name, rows in workbook.visible_sheets(path, Limits())}


def whole(path: Path) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_path(path)
    return {name: [list(row) for row in book.get_sheet_by_name(name).iter_rows()] for name in book.sheet_names}


def as_text(sheets: dict[str, list[list[object]]]) -> dict[str, list[list[str]]]:
    """What the cells say, without the blanks that one reader pads with and the other does not."""
    said = {}
    for name, rows in sheets.items():
        lines = [[cell.text(value) if isinstance(value, str) else repr(value or "") for value in row] for row in rows]
        for line in lines:
            while line and line[-1] in {"", "''"}:
                line.pop()
        said[name] = [[value if value != "''" else "" for value in line] for line in lines]
        while said[name] and not said[name][-1]:
            said[name].pop()
    return said


texts = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"), max_size=12)
values = st.one_of(st.none(), texts, st.integers(-(10**14), 10**14), st.floats(-1e9, 1e9), st.booleans())


@settings(deadline=None)
@given(rows=st.lists(st.lists(values, max_size=6), max_size=8), gap=st.integers(0, 3))
def test_any_table_is_read_as_a_full_reader_reads_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[object]], gap: int
) -> None:
    book = Workbook()
    for _ in range(gap):
        book.active.append([])
    book.active.append(["judul"])
    for row in rows:
        # Texts that openpyxl itself would take for formulas or errors are another matter.
        book.active.append(["" if isinstance(v, str) and v.startswith(("=", "#")) else v for v in row])
    path = tmp_path_factory.mktemp("x") / "a.xlsx"
    book.save(path)
    assert as_text(streamed(path)) == as_text(whole(path))


def test_shared_strings_rich_text_phonetics_and_entities_are_read() -> None:
    items = worksheet.shared_strings(
        b'<sst><si><t>A &amp; B</t></si><si/><si><r><rPr/><t xml:space="preserve">Si</t></r><r><t>ti</t></r>'
        b"<rPh><t>x</t></rPh></si><si><t>a_x000D_b</t></si></sst>"
    )
    assert items == ["A & B", "", "Siti", "a\rb"]
    sheet = (
        b'<sheetData><row r="2"><c r="A2" t="s"><v>2</v></c><c r="C2" s="4"><v>1.98E+17</v></c><c r="D2" t="b"><v>1</v></c>'
        b'<c r="E2" t="e"><v>#N/A</v></c><c r="F2" t="str"><f>A1</f><v>x</v></c><c r="G2"/></row></sheetData>'
    )
    for size in (7, 64, 4096):
        chunks = (sheet[at : at + size] for at in range(0, len(sheet), size))
        found = [list(row) for row in worksheet.rows(chunks, items)]
        assert found == [[], ["Siti", None, 1.98e17, True, "#N/A", "x", None]]


@pytest.mark.parametrize(
    "sheet",
    [
        b'<x:sheetData><x:row r="1"><x:c r="A1"/></x:row></x:sheetData>',
        b'<sheetData><row r="1"><c><v>1</v></c></row></sheetData>',
        b'<sheetData><row r="1"><!-- --><c r="A1"><v>1</v></c></row></sheetData>',
        b"",
    ],
)
def test_what_is_written_otherwise_is_left_to_a_full_reader(sheet: bytes) -> None:
    with pytest.raises(Unusual):
        list(worksheet.rows(iter([sheet]), []))


@pytest.mark.parametrize(
    "sheet",
    [
        b'<row r="3"></row><row r="2"></row>',
        b'<row r="1048577"></row>',
        b'<row r="1"><c r="A1" t="s"><v>9</v></c></row>',
        b'<row r="1"><c r="A1"><v>x</v></c></row>',
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>\xff</t></is></c></row>',
    ],
)
def test_what_cannot_be_is_refused(sheet: bytes) -> None:
    with pytest.raises(SheetRefused):
        [list(row) for row in worksheet.rows(iter([sheet]), [])]


def test_a_workbook_with_prefixes_is_read_all_the_same(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["NIP", "NAMA", 5])
    book.active.append(["x", None, dt.date(2026, 1, 2)])
    plain = io.BytesIO()
    book.save(plain)
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(plain) as given_, zipfile.ZipFile(path, "w") as made:
        for part in given_.infolist():
            content = given_.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                for name in (b"worksheet", b"sheetData", b"row", b"c", b"v"):
                    content = content.replace(b"<%s>" % name, b"<x:%s>" % name).replace(
                        b"<%s " % name, b"<x:%s " % name
                    )
                    content = content.replace(b"</%s>" % name, b"</x:%s>" % name)
                content = content.replace(b"xmlns=", b"xmlns:x=")
            made.writestr(part.filename, content)
    assert as_text(streamed(path)) == as_text(whole(path))


def test_a_part_cut_short_is_refused_and_never_half_read(tmp_path: Path) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    chance = random.Random(1)
    for _ in range(3000):
        sheet.append([f"{chance.random()}" for _ in range(8)])
    book.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    content = bytearray((tmp_path / "a.xlsx").read_bytes())
    for place in (part.header_offset + 200, part.header_offset + part.compress_size // 2):
        changed = bytearray(content)
        changed[place] ^= 0x55
        (tmp_path / "b.xlsx").write_bytes(changed)
        with pytest.raises(SheetRefused):
            streamed(tmp_path / "b.xlsx")
