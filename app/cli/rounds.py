"""`pakta round …`."""

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from app.cli.operator import OPERATOR, at_work, clock_of
from app.cli.options import AsJson, DataDir
from app.core.db import Session
from app.core.settings import Settings
from app.obligation import service as obligation
from app.pledge import service as pledge
from app.pledge.models import PledgeRound
from app.pledge.schemas import RoundCreate
from app.transparency.record import LogIdentity
from app.worker import run_due

cli = typer.Typer(help="Rounds (putaran).", no_args_is_help=True)
RoundId = Annotated[UUID, typer.Argument(metavar="ROUND", help="The round's id.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Local date or date and time.")]


@cli.callback()
def rounds() -> None:
    """Rounds (putaran)."""


@cli.command()
def create(
    title: Annotated[str, typer.Option(help="The round's name.")],
    election: Annotated[str, typer.Option(help="The election, as the texts name it.")],
    year: Annotated[int, typer.Option(help="Its year.")],
    cut_off: Day,
    opens: Day,
    closes: Day,
    paper: Annotated[str, typer.Option(help="F4 or A4.")] = "F4",
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Make a draft with both texts."""
    zone = ZoneInfo(Settings().service.timezone)
    wanted = RoundCreate.model_validate(
        {
            "title": title,
            "election": election,
            "year": year,
            "cut_off": cut_off.date(),
            "opens_at": opens.replace(tzinfo=zone),
            "closes_at": closes.replace(tzinfo=zone),
            "paper": paper,
        }
    )

    async def work() -> dict[str, Any]:
        async with at_work() as (held, session):
            made = await pledge.create_round(session, OPERATOR, wanted, now=clock_of(held).now())
            return _facts(made)

    _show([asyncio.run(work())], as_json=as_json)


@cli.command("open")
def open_(
    round_id: RoundId,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Freeze texts and denominator and open; a killed command is finished by the worker."""

    async def work() -> dict[str, Any]:
        async with at_work() as (_, session):
            await obligation.open_round(session, OPERATOR, round_id)
        async with at_work() as (held, session):
            await run_due(held)
            return await _read(session, round_id)

    _show([asyncio.run(work())], as_json=as_json)


@cli.command()
def close(
    round_id: RoundId,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Close: nothing more is signed in it."""

    async def work() -> dict[str, Any]:
        async with at_work() as (held, session):
            log = held.get(LogIdentity)
            return _facts(await pledge.close_round(session, OPERATOR, log, round_id, now=clock_of(held).now()))

    _show([asyncio.run(work())], as_json=as_json)


@cli.command()
def show(
    round_id: RoundId,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Show a round."""

    async def work() -> dict[str, Any]:
        async with at_work() as (_, session):
            return await _read(session, round_id)

    _show([asyncio.run(work())], as_json=as_json)


@cli.command("list")
def list_(
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """List rounds, newest first."""

    async def work() -> list[dict[str, Any]]:
        async with at_work() as (_, session):
            return [_facts(r) for r in await pledge.list_rounds(session, OPERATOR, 1000, None)]

    _show(asyncio.run(work()), as_json=as_json)


async def _read(session: Session, round_id: UUID) -> dict[str, Any]:
    return _facts(await pledge.read_round(session, OPERATOR, round_id))


def _facts(pledge_round: PledgeRound) -> dict[str, Any]:
    names = ("id", "title", "election", "year", "cut_off", "opens_at", "closes_at", "paper", "status")
    return {name: getattr(pledge_round, name) for name in names}


def _show(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found[0] if len(found) == 1 else found, default=str, ensure_ascii=False))
        return
    table = Table("id", "putaran", "keadaan", "dibuka", "ditutup")
    for row in found:
        table.add_row(str(row["id"]), row["title"], row["status"], str(row["opens_at"]), str(row["closes_at"]))
    Console().print(table)
