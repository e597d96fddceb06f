"""`pakta roster refresh` (from SIASN, now) and `pakta simulate siasn` (a server to try it against)."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvicorn

from app.asn.siasn import service, simulator
from app.cli.operator import at_work, clock_of
from app.cli.options import AsJson, DataDir
from app.core.settings import Settings

simulate = typer.Typer(help="Servers that behave as the services of others do, to try adapters.", no_args_is_help=True)


@simulate.callback()
def simulators() -> None:
    """Servers that behave as the services of others do, to try adapters."""


@simulate.command("siasn")
def simulate_siasn(
    persons: Annotated[Path, typer.Argument(help="JSON list of persons.", exists=True, dir_okay=False)],
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8081,
    fault: Annotated[list[str] | None, typer.Option(help="expired, error, html or slow; once each, in order.")] = None,
) -> None:
    """Serve persons as SIASN's gateway does, with the faults asked for first."""
    gateway = simulator.Gateway(json.loads(persons.read_text(encoding="utf-8")), list(fault or []))
    uvicorn.run(simulator.build(gateway), host="127.0.0.1", port=port, log_level="warning")


def add_to(cli: typer.Typer) -> None:
    """Add the refresh to the commands of rosters."""
    cli.command("refresh")(refresh)


def refresh(
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Ask SIASN who changed and stage them as an import; somebody applies it."""
    found = asyncio.run(_refresh())
    if as_json:
        typer.echo(json.dumps(found))
    else:
        typer.echo("Tidak ada perubahan." if found["id"] is None else f"{found['id']}: {found['counts']}")


async def _refresh() -> dict[str, object]:
    async with at_work() as (held, session), httpx.AsyncClient() as http:
        staged = await service.refresh(session, held.get(Settings), http, now=clock_of(held).now())
        return {"id": str(staged.id) if staged else None, "counts": staged.counts if staged else {}}
