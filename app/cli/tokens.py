"""`pakta token create`."""

import asyncio
import json
import re
from datetime import timedelta
from typing import Annotated

import typer

from app.cli.agencies import agencies_named
from app.cli.operator import at_work, clock_of
from app.cli.options import AsJson, DataDir
from app.core.permission import Role
from app.identity import service as identity

cli = typer.Typer(help="API tokens.", no_args_is_help=True)


@cli.callback()
def tokens() -> None:
    """API tokens."""


@cli.command()
def create(
    role: Annotated[Role, typer.Option(help="What the token may do.")],
    name: Annotated[str, typer.Option(help="Who or what uses it.")],
    opd: Annotated[list[str] | None, typer.Option(help="Name of an OPD it is limited to; may be repeated.")] = None,
    expires: Annotated[str, typer.Option(help="Its life: 90d, 12h.")] = "90d",
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Make an API token and print it, once."""
    token = asyncio.run(_create(role, name, opd, parse_life(expires)))
    typer.echo(json.dumps({"token": token, "role": role.value, "name": name}) if as_json else token)


async def _create(role: Role, name: str, opd: list[str] | None, life: timedelta) -> str:
    async with at_work() as (held, session):
        agencies = await agencies_named(session, opd)
        now = clock_of(held).now()
        return await identity.create_token(session, name=name, role=role, agencies=agencies, life=life, now=now)


def parse_life(given: str) -> timedelta:
    """Return the life a text such as 90d or 12h asks for; raises `typer.BadParameter`."""
    found = re.fullmatch(r"(\d{1,4})([dh])", given)
    if not found:
        raise typer.BadParameter("use a number and d or h, such as 90d")
    count = int(found[1])
    return timedelta(days=count) if found[2] == "d" else timedelta(hours=count)
