"""`pakta log …`."""

import asyncio
import base64
import json
from uuid import UUID

import typer

from app.cli.operator import at_work, clock_of
from app.cli.options import DataDir
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

cli = typer.Typer(help="The transparency log.", no_args_is_help=True)


@cli.callback()
def log() -> None:
    """The transparency log."""


@cli.command()
def checkpoint(data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Sequence what waits and print the newest checkpoint (a signed note)."""

    async def work() -> str | None:
        async with at_work() as (held, session):
            newest = await transparency.publish(session, held.get(LogIdentity), now=clock_of(held).now())
            return newest.note if newest else None

    note = asyncio.run(work())
    if note is None:
        typer.echo("Log masih kosong.", err=True)
        raise typer.Exit(1)
    typer.echo(note, nl=False)


@cli.command()
def prove(
    document: UUID,
    kind: Fact = Fact.DOCUMENT_SIGNED,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Print the inclusion proof of a document's fact as JSON."""

    async def work() -> dict[str, object]:
        async with at_work() as (held, session):
            found = await transparency.prove(session, held.get(LogIdentity), kind, document, now=clock_of(held).now())
            return {
                "index": found.index,
                "size": found.size,
                "record": base64.b64encode(found.record).decode(),
                "leaf_hash": found.leaf_hash.hex(),
                "hashes": [h.hex() for h in found.hashes],
                "root": found.root.hex(),
                "checkpoint": found.checkpoint,
            }

    typer.echo(json.dumps(asyncio.run(work())))
