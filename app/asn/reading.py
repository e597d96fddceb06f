"""Reads and checks a roster in a process of its own, with a bound on memory and time, and writes what it found as text for COPY.

`python -m app.asn.reading` reads an order (JSON) from its standard input, and writes to its standard output one line of JSON about the tables it found, then one line a row
in PostgreSQL's text format of COPY, columns as in `FIELDS`, nothing null. A file that is no roster ends it with status 3 and one line of
JSON (`code`, `missing`, `layout`) on standard error. It knows no database: whoever started it copies the lines.
"""

import gc
import json
import resource
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from app.asn import columns, sheet
from app.asn.cell import text
from app.asn.check import CheckedRow, PersonFields, check_rows
from app.asn.columns import Column, Header
from app.asn.nik.column import NikColumn
from app.asn.refusal import SheetRefused
from app.asn.sheet import Known, SheetRow, Table
from app.opd.tree import UnitDirectory

VERSION = 3
"""Counted up when the same file would be read differently: earlier readings are then not used again."""

VALUES = (
    "pns_id",
    "nip",
    "local_number",
    "nik_digest",
    "name",
    "birth_date",
    "employment",
    "legal_status",
    "grade",
    "grade_title",
    "position_kind",
    "position",
    "echelon",
    "unit",
    "email",
    "phone",
    "nik_sealed",
)
FIELDS = ("place", "sheet", "row", "outcome", "findings", "silent", *VALUES)
REFUSED = 3
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be read: the file, the units people may be placed in, the mappings saved, and the bounds.

    With `correcting` each row says itself which row of which sheet it was; rows that do not are passed over. The keys (hexadecimal)
    are those NIKs are read with, `today` (ISO 8601) tells the century of their birth.
    """

    path: str
    units: tuple[tuple[str, str, str], ...]
    mappings: Mapping[str, Mapping[str, str]]
    memory_mb: int
    seconds: int
    correcting: bool = False
    today: str = ""
    digest_key: str = field(default="", repr=False)
    nik_key: str = field(default="", repr=False)
    keep_niks: bool = False


def lines(order: Order) -> Iterator[str]:
    """Yield the line about the tables, then the rows; raises SheetRefused before the first or, for a broken CSV, later."""
    units = UnitDirectory(order.units)
    tables = _named_apart(sheet.open_tables(Path(order.path), known=Known(order.mappings, units)))
    yield json.dumps([layout(table.header, table) for table in tables]) + "\n"
    rows: Iterable[SheetRow] = sheet.read_rows(tables)
    if order.correcting:
        rows = _at_origin(rows)
    silent = {id(table.header): "{" + ",".join(columns.silent(table.header)) + "}" for table in tables}
    today = date.fromisoformat(order.today) if order.today else None
    niks = NikColumn(order.digest_key, order.nik_key, today, keep=order.keep_niks)
    for place, row in enumerate(check_rows(rows, units, niks), start=1):
        yield _line(place, row, silent[id(row.header)])


def layout(header: Header, table: Table | None = None) -> dict[str, Any]:
    """Return what was made of a header: the form, every name in it, and which of them is which of our columns."""
    return {
        "sheet": table.sheet if table else "",
        "header_row": table.header_row if table else 0,
        "form": header.form.value,
        "fingerprint": header.fingerprint,
        "names": list(header.names),
        "columns": {column.value: label for column, label in header.labels.items() if column is not Column.ORIGIN},
        "places": {column.value: place for column, place in header.places.items() if column is not Column.ORIGIN},
    }


def _named_apart(tables: list[Table]) -> list[Table]:
    """Name each table in one line, no two alike: a row is known by its sheet and its number."""
    named: dict[str, Table] = {}
    for table in tables:
        name = base = " ".join(table.sheet.replace("\0", "").split())
        number = 1
        while name in named:
            number += 1
            name = f"{base} ({number})"
        named[name] = replace(table, sheet=name)
    return list(named.values())


def _at_origin(rows: Iterable[SheetRow]) -> Iterator[SheetRow]:
    """Give rows the place they had in the file they correct, written `row@sheet`."""
    for row in rows:
        number, _, name = text(row.cells.get(Column.ORIGIN)).partition("@")
        if number.isascii() and number.isdigit() and len(number) < 9:
            yield SheetRow(" ".join(name.split()), int(number), row.header, row.cells)


def _line(place: int, row: CheckedRow, silent: str) -> str:
    findings = "[]"
    if row.findings:
        remarks = [
            {"code": f.code, "column": f.column, "found": f.found, "params": dict(f.params)} for f in row.findings
        ]
        findings = json.dumps(remarks, ensure_ascii=False).replace("\\u0000", "")
    fixed = (str(place), row.sheet, str(row.row), row.outcome.value, findings, silent)
    told = (row.pns_id, row.nip, row.local_number, row.nik_digest)
    values = _values(row.person) if row.person else (*told, *[""] * (len(VALUES) - len(told)))
    return "\t".join((*fixed, *values)).replace("\\", "\\\\") + "\n"


def _values(person: PersonFields) -> tuple[str, ...]:
    return (
        person.pns_id,
        person.nip,
        person.local_number,
        person.nik_digest,
        person.name,
        person.birth_date.isoformat(),
        person.employment,
        person.legal_status,
        person.grade,
        person.grade_title,
        person.position_kind,
        person.position,
        person.echelon,
        person.unit_id,
        person.email,
        person.phone,
        person.nik_sealed,
    )


def _write(found: Iterator[str], out: BinaryIO) -> None:
    block: list[str] = []
    for line in found:
        block.append(line)
        if len(block) == _BLOCK:
            out.write("".join(block).encode("utf-8", "replace"))
            block.clear()
    out.write("".join(block).encode("utf-8", "replace"))
    out.flush()


def main() -> int:
    """Read what the order on standard input says; return the exit status."""
    given = json.load(sys.stdin)
    order = Order(**given | {"units": [tuple(unit) for unit in given["units"]]})
    gc.disable()  # rows make no cycles; looking for them among millions of objects takes a fifth of the time
    bound = order.memory_mb << 20
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CPU, (order.seconds, order.seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _write(lines(order), sys.stdout.buffer)
    except SheetRefused as refused:
        told = {
            "code": refused.code,
            "missing": list(refused.missing),
            "layout": layout(refused.header) if refused.header else None,
        }
        sys.stderr.write(json.dumps(told))
        return REFUSED
    except MemoryError:
        sys.stderr.write(json.dumps({"code": "sheet.too_large", "missing": [], "layout": None}))
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
