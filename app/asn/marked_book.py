"""Writes a workbook (ECMA-376) row by row: text, numbers, cells coloured as bad with a comment on each. Nothing else.

A general writer takes three times as long for a hundred thousand rows; here a row is a few joined strings, and only the comments are kept
until the end. Comments stand in a part of their own (18.7) and once more as VML shapes, without which Excel does not show them.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import IO

from app.asn.cell import Cell, is_formula

_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_FORBIDDEN_IN_TITLE = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LONGEST_TITLE, _LONGEST_TEXT = 31, 32_000
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFFFC7CE"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="0" fillId="2" borderId="0" xfId="0" applyFill="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
Row = tuple[Sequence[Cell], Mapping[int, str]]
"""The cells of a row, and by place the comments on its bad ones."""


def write(target: Path, sheets: Iterable[tuple[str, Iterable[Row]]]) -> None:
    """Write sheets (title, rows) to a file; titles are cut and numbered to what a workbook allows."""
    titles: list[str] = []
    commented: list[bool] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for title, rows in sheets:
            titles.append(_title(title, titles))
            commented.append(_write_sheet(archive, len(titles), rows))
        _write_frame(archive, titles, commented)


def safe(value: str) -> str:
    """Return a text as it may stand in a workbook: nothing that begins a formula, no character XML does not know."""
    line = value[:_LONGEST_TEXT] if value.isprintable() else _ILLEGAL.sub("", value)[:_LONGEST_TEXT]
    return f"'{line}" if is_formula(line.lstrip()) or line.startswith(("\t", "\r")) else line


def _write_sheet(archive: zipfile.ZipFile, number: int, rows: Iterable[Row]) -> bool:
    comments: list[tuple[int, int, str]] = []
    with archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
        part.write(f'{_HEAD}<worksheet xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheetData>'.encode())
        _write_rows(part, rows, comments)
        part.write(b"</sheetData>" + (b'<legacyDrawing r:id="rId1"/>' if comments else b"") + b"</worksheet>")
    if comments:
        with archive.open(f"xl/comments{number}.xml", "w", force_zip64=True) as part:
            part.writelines(piece.encode() for piece in _comments(comments))
        with archive.open(f"xl/drawings/vmlDrawing{number}.vml", "w", force_zip64=True) as part:
            part.writelines(piece.encode() for piece in _shapes(comments))
        archive.writestr(
            f"xl/worksheets/_rels/sheet{number}.xml.rels",
            _relations(("vmlDrawing", f"../drawings/vmlDrawing{number}.vml"), ("comments", f"../comments{number}.xml")),
        )
    return bool(comments)


def _write_rows(part: IO[bytes], rows: Iterable[Row], comments: list[tuple[int, int, str]]) -> None:
    block: list[str] = []
    for number, (cells, told) in enumerate(rows, start=1):
        if any(value is not None and value != "" for value in cells) or told:
            written = [_cell(place, number, value, place in told) for place, value in enumerate(cells)]
            block.append(f'<row r="{number}">{"".join(written)}</row>')
            comments.extend((number, place, told[place]) for place in sorted(told))
        if len(block) == 500:
            part.write("".join(block).encode("utf-8", "replace"))
            block.clear()
    part.write("".join(block).encode("utf-8", "replace"))


def _cell(place: int, number: int, value: Cell, bad: bool) -> str:
    if value is None or value == "":
        return f'<c r="{_letters(place)}{number}" s="1"/>' if bad else ""
    head = f'<c r="{_letters(place)}{number}"' + (' s="1"' if bad else "")
    if isinstance(value, bool):
        return f'{head} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"{head}><v>{value!r}</v></c>" if abs(value) < float("inf") else ""
    return f'{head} t="inlineStr"><is>{_text(value if isinstance(value, str) else str(value))}</is></c>'


def _text(value: str) -> str:
    if value.isalnum() and value.isascii():
        return f"<t>{value}</t>"
    line = escape(safe(value), quote=False)
    if "_x" in line:
        line = _ESCAPED.sub("_x005F_", line)
    return f"<t>{line}</t>" if line == line.strip() else f'<t xml:space="preserve">{line}</t>'


@cache
def _letters(place: int) -> str:
    letters, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _comments(comments: Sequence[tuple[int, int, str]]) -> Iterator[str]:
    yield f'{_HEAD}<comments xmlns="{_MAIN}"><authors><author>Pakta</author></authors><commentList>'
    for row, place, told in comments:
        yield f'<comment ref="{_letters(place)}{row}" authorId="0"><text>{_text(told)}</text></comment>'
    yield "</commentList></comments>"


def _shapes(comments: Sequence[tuple[int, int, str]]) -> Iterator[str]:
    yield (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
        'xmlns:x="urn:schemas-microsoft-com:office:excel"><v:shapetype id="n" coordsize="21600,21600" o:spt="202" '
        'path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/></v:shapetype>'
    )
    for number, (row, place, _) in enumerate(comments, start=1):
        yield (
            f'<v:shape id="s{number}" type="#n" style="position:absolute;width:240pt;height:90pt;visibility:hidden" '
            'fillcolor="#ffffe1" o:insetmode="auto"><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
            f"<x:AutoFill>False</x:AutoFill><x:Row>{row - 1}</x:Row><x:Column>{place}</x:Column></x:ClientData></v:shape>"
        )
    yield "</xml>"


def _write_frame(archive: zipfile.ZipFile, titles: Sequence[str], commented: Sequence[bool]) -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = [("/xl/workbook.xml", f"{kind}.sheet.main+xml"), ("/xl/styles.xml", f"{kind}.styles+xml")]
    for number, told in enumerate(commented, start=1):
        parts.append((f"/xl/worksheets/sheet{number}.xml", f"{kind}.worksheet+xml"))
        parts += [(f"/xl/comments{number}.xml", f"{kind}.comments+xml")] if told else []
    types = "".join(f'<Override PartName="{name}" ContentType="{of}"/>' for name, of in parts)
    archive.writestr(
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
    )
    archive.writestr("_rels/.rels", _relations(("officeDocument", "xl/workbook.xml")))
    sheets = "".join(
        f'<sheet name="{escape(title)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, title in enumerate(titles, start=1)
    )
    archive.writestr(
        "xl/workbook.xml",
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
    )
    targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(titles) + 1)]
    archive.writestr("xl/_rels/workbook.xml.rels", _relations(*targets, ("styles", "styles.xml")))
    archive.writestr("xl/styles.xml", _STYLES)


def _relations(*targets: tuple[str, str]) -> str:
    found = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_RELATIONS}">{found}</Relationships>'


def _title(stated: str, taken: Sequence[str]) -> str:
    """Return a title of at most 31 characters that no other sheet has, in whatever case."""
    base = title = _FORBIDDEN_IN_TITLE.sub("_", stated).strip("'")[:_LONGEST_TITLE] or "Pegawai"
    number = 1
    while title.casefold() in {other.casefold() for other in taken}:
        number += 1
        title = f"{base[: _LONGEST_TITLE - 5]} ({number})"
    return title
