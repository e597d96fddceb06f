"""A spreadsheet program that is not ours: Debian's LibreOffice, without a window, with a profile of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

# OpenDocument 1.3 part 3 §3.1.2: the flat form holds the whole file in one XML document
_OFFICE, _TABLE, _DRAW = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("office", "table", "drawing")
)
_SECONDS = 120
Value = str | float | None


@dataclass(frozen=True)
class Sheet:
    """A sheet as the program understood it: numbers as numbers, dates in ISO 8601, nothing where nothing is; and how many charts lie on it."""

    name: str
    rows: list[list[Value]]
    charts: int


def opened(folder: Path, *files: Path) -> list[list[Sheet] | None]:
    """Have LibreOffice open workbooks; None for one it refuses. Repairing takes a person's consent, so without a window it never does."""
    program = shutil.which("soffice")
    assert program is not None, "Install the Debian package `libreoffice-calc-nogui` to run this test."
    profile, out = f"-env:UserInstallation={(folder / 'profile').as_uri()}", folder / "out"
    subprocess.run(
        [program, profile, "--headless", "--convert-to", "fods", "--outdir", str(out), *map(str, files)],
        check=False,  # it says 0 whatever happened
        capture_output=True,
        timeout=_SECONDS,
    )
    told = [out / f"{file.stem}.fods" for file in files]
    return [_sheets(flat) if flat.exists() else None for flat in told]


def _sheets(flat: Path) -> list[Sheet]:
    tables = ET.parse(flat).getroot().findall(f"{_OFFICE}body/{_OFFICE}spreadsheet/{_TABLE}table")
    return [
        Sheet(
            one.get(f"{_TABLE}name", ""),
            [list(_cells(row)) for row in _rows(one)],
            len(list(one.iter(f"{_DRAW}object"))),
        )
        for one in tables
    ]


def _rows(table: ET.Element) -> Iterator[ET.Element]:
    """Rows of the sheet itself, repeated headings among them; a chart has a table of its own further in."""
    for child in table:
        if child.tag == f"{_TABLE}table-header-rows":
            yield from child
        elif child.tag == f"{_TABLE}table-row":
            yield child


def _cells(row: ET.Element) -> Iterator[Value]:
    for cell in row:
        for _ in range(min(int(cell.get(f"{_TABLE}number-columns-repeated", "1")), 64)):  # the last one fills the sheet
            match cell.get(f"{_OFFICE}value-type"):
                case None:
                    yield None
                case "float" | "percentage":
                    yield float(cell.get(f"{_OFFICE}value", "nan"))
                case "date":
                    yield cell.get(f"{_OFFICE}date-value")
                case _:
                    yield "\n".join("".join(line.itertext()) for line in cell)
