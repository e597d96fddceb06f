"""`pakta bench`: what this machine does, measured over the product's own path."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from app.cli import bench_compliance, bench_http, bench_seal
from app.cli.options import AsJson

cli = typer.Typer(help="Measure this machine.", no_args_is_help=True)


class Level(StrEnum):
    """PAdES levels; B-B is for comparing with others, the service signs nothing without a time stamp."""

    B_B = "B-B"
    B_T = "B-T"
    B_LTA = "B-LTA"


def measured(
    work: Coroutine[Any, Any, dict[str, Any]], run: Callable[..., dict[str, Any]] = asyncio.run
) -> dict[str, Any]:
    """Run a measurement. What the service under it says goes to standard error: nothing but the result stands on standard output."""
    with redirect_stdout(sys.stderr):
        return run(work)


@cli.callback()
def group() -> None:
    """Measure this machine."""


@cli.command()
def seal(
    people: Annotated[int, typer.Option(help="Documents, one a person.", min=200, max=1_000_000)] = 10_000,
    level: Annotated[Level, typer.Option(help="B-T: signer only; B-LTA: with e-seal and archive stamp.")] = Level.B_LTA,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, max=256)] = 2,
    peers: Annotated[
        bool,
        typer.Option(
            "--peers",
            help="Also naive ReportLab + pyHanko, and the libraries inside OpenSign and Documenso (npm), on one core.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make, sign, seal, store and re-verify documents in a temporary data folder; count those that verify."""
    result = measured(bench_seal.run(people=people, level=level.value, workers=workers, peers=peers))
    _show(result, as_json=as_json)
    raise typer.Exit(0 if result["documents"] == people and not result["faults"] else 1)


@cli.command()
def http(
    people: Annotated[int, typer.Option(help="People who sign two pledges each.", min=20, max=100_000)] = 4_000,
    concurrent: Annotated[int, typer.Option(help="People at it at once, reading included.", min=1)] = 1_000,
    rate: Annotated[float, typer.Option(help="People who arrive each second.", min=1)] = 42.0,
    workers: Annotated[int, typer.Option(help="Server processes.", min=1, max=64)] = 2,
    generators: Annotated[int, typer.Option(help="Processes of the people's devices.", min=1, max=64)] = 1,
    one_unit: Annotated[
        bool,
        typer.Option(
            "--one-unit", help="Everybody in one unit, with dashboards, recounts and questions about the past at work."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Serve people who arrive, read and sign over HTTP, from devices on this machine; count what each request took."""
    result = measured(
        bench_http.run(
            people=people,
            concurrent=concurrent,
            rate=rate,
            workers=workers,
            generators=generators,
            one_unit=one_unit,
        )
    )
    _show(result, as_json=as_json)
    watched = result.get("watched", {})
    faults = [watched.get(name, 0) for name in ("wrong", "etags_with_two_bodies", "told_differently")]
    raise typer.Exit(0 if result["signed_in_the_register"] == people and not any([result["errors"], *faults]) else 1)


@cli.command()
def compliance(
    people: Annotated[
        list[int] | None, typer.Option(help="People of the synthetic round; may be repeated.", min=1_000, max=5_000_000)
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Keep the registers here, and take those that are there already.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for figures, lists and names of synthetic rounds of 10,000, 100,000 and 1,000,000 people; tell what each costs in the database and over HTTP."""
    result = measured(bench_compliance.run(people or [10_000, 100_000, 1_000_000], folder), uvloop.run)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        _show_queries(result)
    raise typer.Exit(1 if result["wrong"] else 0)


def _show_queries(result: dict[str, Any]) -> None:
    """One line a question: what is promised at a million people, then p50 / p95 in the database and over HTTP for each size."""
    sizes = result["sizes"]
    heads = [f"{one['people']:,}: {where}" for one in sizes for where in ("database", "HTTP")]
    table = Table("p50 / p95, ms", "Promised, p95", *heads, box=None)
    for name in sizes[0]["queries"]:
        budget = result["budget_ms"].get(name)
        promised = f"{budget:g}, over HTTP {result['http_budget_ms'][name]:g}" if budget else ""
        told = [one["queries"][name] for one in sizes]
        cells = [f"{ms[f'{at}p50_ms']} / {ms[f'{at}p95_ms']}" for ms in told for at in ("", "http_")]
        table.add_row(name, promised, *cells)
    Console(width=max(100, 60 + 22 * len(heads))).print(table)
    for one in sizes:
        polls = ", ".join(f"{told['per_second']:,.0f} by {who}" for who, told in one["polls"].items())
        print(f"{one['people']:,}: unchanged looks a second: {polls} (promised {result['polls_a_second']:,}).")
        print(f"{one['people']:,}: over what is promised: {', '.join(one['missed']) or 'nothing'}.")
    print(f"Figures that differ from a recount: {result['wrong']}")


def _show(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    table = Table(show_header=False, box=None)
    for name, value in result.items():
        table.add_row(name, str(value))
    Console().print(table)
