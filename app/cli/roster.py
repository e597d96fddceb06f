"""`pakta roster import`."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.asn import importing, report
from app.asn.check import CheckedRow
from app.asn.models import RosterImport
from app.cli.operator import OPERATOR, at_work, clock_of
from app.cli.options import AsJson, DataDir
from app.core.errors import CannotStart
from app.transparency.record import LogIdentity

cli = typer.Typer(help="Rosters.", no_args_is_help=True)
SHOWN = 40


@cli.callback()
def rosters() -> None:
    """Rosters."""


@cli.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Roster: XLSX or CSV.", exists=True, dir_okay=False)],
    units: Annotated[Path | None, typer.Option(help="Unit file (CSV).", exists=True, dir_okay=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and compare only; nothing is kept.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Apply at once what was accepted.")] = False,
    out: Annotated[Path | None, typer.Option("--report", help="Write warned and rejected rows to this XLSX.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Read, check and compare a roster; keep it staged, apply it, or only look."""
    if dry_run and apply:
        raise CannotStart("--dry-run and --apply exclude each other.")
    found = asyncio.run(_import(file, units, dry_run=dry_run, apply=apply, out=out))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        _show(found)


class _OnlyLooked(Exception):
    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found


async def _import(file: Path, units: Path | None, *, dry_run: bool, apply: bool, out: Path | None) -> dict[str, Any]:
    tree = importing.read_units(units) if units else None
    async with at_work() as (held, session):
        now = clock_of(held).now()
        staged, checked = await importing.stage(session, OPERATOR, file, file.name, tree, now=now)
        if out:
            await asyncio.to_thread(report.write, out, checked)
        found = _result(staged, checked)
        if apply:
            applied = await importing.apply(session, OPERATOR, held.get(LogIdentity), staged.id, now=now)
            found["status"] = applied.status
        if dry_run:
            await session.rollback()
        return found


def _result(staged: RosterImport, checked: list[CheckedRow]) -> dict[str, Any]:
    return {
        "id": str(staged.id),
        "status": staged.status,
        "counts": staged.counts,
        "rows": [
            {
                "row": row.row,
                "sheet": row.sheet,
                "outcome": row.outcome.value,
                "codes": row.codes,
                "column": row.column,
                "found": row.found,
                "remedy": row.remedy,
            }
            for row in checked
            if row.outcome.value != "accepted"
        ],
    }


def _show(found: dict[str, Any]) -> None:
    console = Console()
    counts = found["counts"]
    console.print("  ".join(f"{name} [bold]{count}[/]" for name, count in counts.items()))
    table = Table("Baris", "Hasil", "Kode", "Kolom", "Ditemukan", "Yang perlu dilakukan")
    for row in found["rows"][:SHOWN]:
        table.add_row(
            str(row["row"]), row["outcome"], " ".join(row["codes"]), row["column"], row["found"], row["remedy"]
        )
    if found["rows"]:
        console.print(table)
    if len(found["rows"]) > SHOWN:
        console.print(f"… dan {len(found['rows']) - SHOWN} baris lagi; semuanya ada di --report dan --json.")
