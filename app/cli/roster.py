"""`pakta roster import`; what follows it stands in `app.cli.roster_steps`."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.asn import importing, report
from app.asn.applying import service as applying
from app.asn.importing import Upload
from app.asn.models import RosterImport, RosterRow
from app.asn.outcome import remedy_of
from app.asn.staging import service as staging
from app.cli import roster_siasn, roster_steps
from app.cli.operator import OPERATOR, at_work, clock_of
from app.cli.options import AsJson, DataDir
from app.core.errors import CannotStart
from app.core.settings import Settings
from app.transparency.record import LogIdentity

cli = typer.Typer(help="Rosters.", no_args_is_help=True)
SHOWN = 40


@cli.callback()
def rosters() -> None:
    """Rosters."""


roster_steps.add_to(cli)
roster_siasn.add_to(cli)


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
    found = asyncio.run(_import(file.absolute(), units, dry_run=dry_run, apply=apply, out=out))
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
        brought = Upload(file, file.name, tree)
        settings = held.get(Settings)
        if dry_run:
            staged = await importing.stage(session, OPERATOR, brought, settings, now=now)
        else:
            staged = await staging.take_in(session, OPERATOR, brought, settings, later=False, now=now)
        rows = await importing.list_findings(session, OPERATOR, staged.id)
        if out:
            await asyncio.to_thread(report.write, out, rows)
        found = _result(staged, rows)
        if apply:
            applied = await applying.apply(session, OPERATOR, held.get(LogIdentity), staged.id, settings, now=now)
            found["status"] = applied.status
        if dry_run:
            await session.rollback()
        return found


def _result(staged: RosterImport, rows: list[RosterRow]) -> dict[str, Any]:
    return {
        "id": str(staged.id),
        "status": staged.status,
        "counts": staged.counts,
        "rows": [
            {
                "row": row.row,
                "sheet": row.sheet,
                "outcome": row.outcome,
                "codes": [finding["code"] for finding in row.findings],
                "column": row.findings[0]["column"],
                "found": row.findings[0]["found"],
                "remedy": remedy_of(row.findings[0]["code"], row.findings[0]["params"]),
            }
            for row in rows
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
