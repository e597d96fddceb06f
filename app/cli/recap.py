"""The recap of a round as a table on the terminal, and `pakta recap`."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from app.cli.operator import OPERATOR, at_work, clock_of
from app.cli.options import DataDir
from app.compliance import service as compliance

COUNTS = ("total", "required", "signed", "pending", "deferred", "exempt", "left")
FIGURES_WIDTH = 3 + 8 * 7 + 2  # number, eight figures with a space each, margins
HEADINGS = ("Total", "Wajib", "Sudah", "Belum", "Tunda", "Bebas", "Lepas")


def table(figures: dict[str, Any], width: int = 100) -> Table:
    """Return the recap as a table for a terminal so many columns wide: names give way, figures do not."""
    shown = Table(title="Rekapitulasi per perangkat daerah", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("#", justify="right", width=2)
    shown.add_column("Perangkat Daerah", no_wrap=True, overflow="ellipsis", width=max(14, width - FIGURES_WIDTH))
    for heading in (*HEADINGS, "%"):
        shown.add_column(heading, justify="right", no_wrap=True, width=6)
    for number, group in enumerate(figures["groups"], start=1):
        shown.add_row(str(number), group["name"], *(str(group[c]) for c in COUNTS), f"{group['percent']:.2f}")
    total = figures["total"]
    shown.add_section()
    shown.add_row("", "Jumlah", *(str(total[c]) for c in COUNTS), f"{total['percent']:.2f}", style="bold")
    return shown


def faults(figures: dict[str, Any]) -> list[str]:
    """Return every identity that does not hold; empty when the figures reconcile."""
    found = []
    for group in (figures["total"], *figures["groups"]):
        name = group.get("name", "total")
        if group["required"] != group["signed"] + group["pending"]:
            found.append(f"{name}: required != signed + pending")
        if group["total"] != group["required"] + group["deferred"] + group["exempt"] + group["left"]:
            found.append(f"{name}: total != required + deferred + exempt + left")
    found += [
        f"sum of {count} over groups != total"
        for count in COUNTS
        if sum(group[count] for group in figures["groups"]) != figures["total"][count]
    ]
    return found


def as_csv(figures: dict[str, Any]) -> str:
    """Return the recap as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("no", "opd", *COUNTS, "percent", "last_signed_at"))
    for number, group in enumerate(figures["groups"], start=1):
        last = group["last_signed_at"] or ""
        writer.writerow((number, group["name"], *(group[c] for c in COUNTS), group["percent"], last))
    return text.getvalue()


def recap(
    round_id: Annotated[UUID, typer.Argument(metavar="ROUND", help="The round's id.")],
    format_: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Who has signed and who has not, per OPD."""
    if format_ not in {"table", "json", "csv"}:
        raise typer.BadParameter("table, json or csv")
    figures = asyncio.run(_figures(round_id))
    if format_ == "table" and out is None:
        console = Console()
        console.print(table(figures, console.width))
        return
    text = as_csv(figures) if format_ == "csv" else json.dumps(figures, ensure_ascii=False)
    if out:
        out.write_text(text, encoding="utf-8")
    else:
        typer.echo(text)


async def _figures(round_id: UUID) -> dict[str, Any]:
    async with at_work() as (held, session):
        found = await compliance.compliance(session, OPERATOR, round_id, "opd", now=clock_of(held).now())
    return found.model_dump(mode="json")
