"""`pakta round …`."""

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app.cli.operator import OPERATOR, at_work, clock_of, require_alone
from app.cli.options import AsJson, DataDir
from app.core.approval import Act
from app.core.db import Session
from app.core.settings import Settings
from app.obligation import service as obligation
from app.obligation.population import service as populations
from app.obligation.population.schemas import PopulationRead
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
    employment: Annotated[list[str] | None, typer.Option(help="pns, cpns, pppk, pppk_pw, non_asn; repeat it.")] = None,
    opd: Annotated[list[UUID] | None, typer.Option(help="These agencies only; repeat it.")] = None,
    position_kind: Annotated[list[str] | None, typer.Option(help="1, 2 or 4; repeat it.")] = None,
    echelon: Annotated[list[str] | None, typer.Option(help="21, 22, 31 …; repeat it.")] = None,
    status: Annotated[list[str] | None, typer.Option(help="Kedudukan hukum and its meaning: 02=required.")] = None,
    late_joiners: Annotated[str, typer.Option(help="automatic, admin or none.")] = "admin",
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Make a draft with both texts."""
    zone = ZoneInfo(Settings().service.timezone)
    wanted = _checked(
        {
            "population": _rule(employment, opd, position_kind, echelon, status),
            "late_joiners": late_joiners,
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
        async with at_work() as (held, session):
            await require_alone(held, session, Act.ROUND_OPEN, {"round_id": str(round_id)})
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
            await require_alone(held, session, Act.ROUND_CLOSE, {"round_id": str(round_id)})
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


@cli.command()
def population(
    round_id: RoundId,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Show whom a round asks: before it opens a preview, afterwards what was frozen."""

    async def work() -> PopulationRead:
        async with at_work() as (_, session):
            return await populations.read(session, OPERATOR, round_id)

    found = asyncio.run(work())
    if as_json:
        typer.echo(found.model_dump_json())
        return
    table = Table("perangkat daerah", "pegawai", "peserta", "wajib", "ditunda", "dikecualikan", "keluar")
    for row in found.agencies:
        numbers = (row.people, row.total, row.required, row.deferred, row.exempt, row.left)
        table.add_row(row.name, *map(str, numbers))
    Console().print(table)
    for code in found.unknown_codes:
        typer.echo(f"Kedudukan hukum {code.code} tidak dikenal ({code.people} pegawai): dihitung wajib.", err=True)


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


def _rule(
    employment: list[str] | None,
    opd: list[UUID] | None,
    position_kind: list[str] | None,
    echelon: list[str] | None,
    status: list[str] | None,
) -> dict[str, Any]:
    return {
        "employments": employment or [],
        "agencies": opd or [],
        "position_kinds": position_kind or [],
        "echelons": echelon or [],
        "legal_status": dict(_meaning(one) for one in status or []),
    }


def _meaning(stated: str) -> tuple[str, str]:
    code, equals, meaning = stated.partition("=")
    if not equals:
        raise typer.BadParameter(f"{stated}: CODE=MEANING is expected, such as 02=required")
    return code, meaning


def _checked(stated: dict[str, Any]) -> RoundCreate:
    """Return the round that was asked for; raises BadParameter with the first thing that is wrong with it."""
    try:
        return RoundCreate.model_validate(stated)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise typer.BadParameter(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


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
