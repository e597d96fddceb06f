"""`pakta roster refresh`: from SIASN, now."""

import asyncio
import json

import httpx
import typer

from app.asn.siasn import service
from app.cli.operator import at_work, clock_of
from app.cli.options import AsJson, DataDir
from app.core.settings import Settings


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
