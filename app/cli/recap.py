"""The recap of a round as a table on the terminal, and `pakta recap`."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from app.cli.operator import OPERATOR, at_work, clock_of
from app.cli.options import DataDir
from app.compliance.recap import forms, service
from app.compliance.recap.printed import RecapPrinter
from app.compliance.recap.schemas import RecapRead
from app.core.settings import Settings

FORMATS = ("table", "json", "csv", "xlsx", "pdf")
BINARY = ("xlsx", "pdf")
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


def recap(
    round_id: Annotated[UUID, typer.Argument(metavar="ROUND", help="The round's id.")],
    format_: Annotated[str, typer.Option("--format", help="table, json, csv, xlsx or pdf.")] = "table",
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    annex: Annotated[UUID | None, typer.Option(metavar="OPD", help="List who of this OPD has not signed.")] = None,
    as_of: Annotated[datetime | None, typer.Option(help="An instant of the past, in the service's zone.")] = None,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Who has signed and who has not, per OPD: the official table in the form asked for."""
    if format_ not in FORMATS:
        raise typer.BadParameter(", ".join(FORMATS))
    if format_ in BINARY and out is None:
        raise typer.BadParameter(f"--format {format_} --out FILE")
    found, data = asyncio.run(_recap(round_id, annex, as_of, format_))
    if format_ == "table" and out is None:
        console = Console()
        console.print(table(found.model_dump(mode="json"), console.width))
        return
    if out:
        out.write_bytes(data)
    else:
        typer.echo(data.decode(), nl=False)


async def _recap(round_id: UUID, annex: UUID | None, as_of: datetime | None, form: str) -> tuple[RecapRead, bytes]:
    """Return the recap, and the bytes of its form."""
    async with at_work() as (held, session):
        settings = held.get(Settings).service
        at = as_of.replace(tzinfo=as_of.tzinfo or ZoneInfo(settings.timezone)) if as_of else None
        now = clock_of(held).now()
        read = service.for_print if form == "pdf" else service.recap
        found = await read(session, OPERATOR, round_id, settings, as_of=at, annex=annex, now=now)
        if form == "pdf":
            return found, await asyncio.to_thread(held.get(RecapPrinter).write, found, None)
    writer = forms.WRITERS.get(form)
    return found, writer(found, "id") if writer else f"{found.model_dump_json()}\n".encode()
