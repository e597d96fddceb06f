"""`pakta db …`."""

import asyncio

import typer

from app.cli.operator import at_work
from app.cli.options import DataDir
from app.core.db import Database
from app.core.schema import is_current

cli = typer.Typer(help="The database schema.", no_args_is_help=True)


@cli.callback()
def database() -> None:
    """The database schema."""


async def _current() -> bool:
    async with at_work() as (held, _):
        return is_current(held.get(Database).url)


@cli.command()
def upgrade(data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Bring the schema to the newest revision (every start does so, too)."""
    asyncio.run(_current())
    typer.echo("Skema basis data mutakhir.")


@cli.command()
def check(data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Whether the database can be reached and its schema is the newest: 0 yes, 1 no."""
    current = asyncio.run(_current())
    typer.echo("mutakhir" if current else "perlu `pakta db upgrade`")
    raise typer.Exit(0 if current else 1)
