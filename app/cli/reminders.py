"""`pakta reminder …` (look before sending, send, stop) and the simulators of gateways."""

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from app.cli.operator import OPERATOR, at_work, clock_of
from app.cli.options import AsJson, DataDir
from app.core.settings import Settings
from app.reminder import running, service, simulator
from app.reminder.audience import preview as previews
from app.reminder.delivery import Place
from app.reminder.listing import service as listing
from app.reminder.means import means_of
from app.reminder.models import KINDS
from app.reminder.schemas import PauseWrite, WaveCreate

cli = typer.Typer(help="Reminders (pengingat).", no_args_is_help=True)
RoundId = Annotated[UUID, typer.Argument(metavar="ROUND", help="The round's id.")]
Kind = Annotated[str, typer.Option(help=f"One of {', '.join(KINDS)}.")]
_PAGE = 1_000


@cli.callback()
def reminders() -> None:
    """Reminders (pengingat)."""


@cli.command()
def preview(
    round_id: RoundId,
    kind: Kind = "manual",
    at: Annotated[datetime | None, typer.Option(help="As if sent at this local time.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Dry run: how many would get a message, and why others would not; with --json everybody, a line each."""
    if kind not in KINDS:
        raise typer.BadParameter(", ".join(KINDS), param_hint="--kind")
    counts = asyncio.run(_preview(round_id, kind, at, as_json=as_json))
    if not as_json:
        table = Table("akan", "saluran", "jumlah")
        for (outcome, channel), count in sorted(counts.items()):
            table.add_row(outcome, channel or "-", str(count))
        Console().print(table)


async def _preview(round_id: UUID, kind: str, at: datetime | None, *, as_json: bool) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    async with at_work() as (held, session):
        means, after = means_of(held), Place()
        zone = ZoneInfo(held.get(Settings).service.timezone)
        when = at.replace(tzinfo=at.tzinfo or zone) if at else clock_of(held).now()
        while True:
            page = await previews.preview(session, OPERATOR, means, round_id, kind, at=when, after=after, limit=_PAGE)
            for place, row in page:
                after = place
                counts[row.outcome, row.channel] = counts.get((row.outcome, row.channel), 0) + 1
                if as_json:
                    typer.echo(row.model_dump_json())
            if len(page) < _PAGE:
                return counts


@cli.command()
def run(
    round_id: RoundId,
    kind: Annotated[str, typer.Option(help="manual, escalation or recap.")] = "manual",
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Send a wave now and wait for its end; in quiet hours it is made, and the worker sends it when they are over."""
    if kind not in {"manual", "escalation", "recap"}:
        raise typer.BadParameter("manual, escalation, recap", param_hint="--kind")
    found = asyncio.run(_run(round_id, WaveCreate.model_validate({"kind": kind})))
    if as_json:
        typer.echo(json.dumps(found, default=str))
    else:
        typer.echo(f"{found['id']}: {found['state']}, {found['counts']}")
    raise typer.Exit(0 if found["state"] == "done" and set(found["counts"]) <= {"sent", "skipped"} else 1)


async def _run(round_id: UUID, wanted: WaveCreate) -> dict[str, Any]:
    async with at_work() as (held, session):
        wave_id = (await service.ask_wave(session, OPERATOR, means_of(held), round_id, wanted)).id
    async with at_work() as (held, session):
        await running.run(means_of(held))
        found = await listing.list_waves(session, OPERATOR, round_id, 100, None)
        wave, counts = next(one for one in found if one[0].id == wave_id)
        return {"id": wave.id, "kind": wave.kind, "state": wave.state, "due_at": wave.due_at, "counts": counts}


@cli.command()
def stop(
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Stop everything from the next message on."""
    asyncio.run(_pause(PauseWrite(paused=True, reason=reason)))


@cli.command()
def resume(
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Go on where everything was stopped."""
    asyncio.run(_pause(PauseWrite(paused=False)))


async def _pause(wanted: PauseWrite) -> None:
    async with at_work() as (held, session):
        await service.pause(session, OPERATOR, wanted, now=clock_of(held).now())


def simulate_sms(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8084,
    fault: Annotated[
        list[str] | None, typer.Option(help="busy, error, unavailable, slow or hangup; once each.")
    ] = None,
) -> None:
    """Serve as an SMS gateway does; its secret is rahasia-gerbang, numbers that begin with 62899 are unknown to it."""
    _serve(simulator.Gateway(faults=_faults(fault)), port)


def simulate_whatsapp(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8085,
    fault: Annotated[
        list[str] | None, typer.Option(help="busy, error, unavailable, slow or hangup; once each.")
    ] = None,
) -> None:
    """Serve as a WhatsApp Business gateway does; its secret is rahasia-gerbang, numbers that begin with 62899 are unknown to it."""
    _serve(simulator.Gateway(faults=_faults(fault)), port)


def add_simulators(group: typer.Typer) -> None:
    """Add the gateways to the group of simulators."""
    group.command("sms")(simulate_sms)
    group.command("whatsapp")(simulate_whatsapp)


def _faults(names: list[str] | None) -> list[str]:
    if unknown := [name for name in names or () if name not in simulator.FAULTS]:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(simulator.FAULTS)}", param_hint="--fault")
    return list(names or ())


def _serve(gateway: simulator.Gateway, port: int) -> None:
    uvicorn.run(simulator.build(gateway), host="127.0.0.1", port=port, log_level="warning", access_log=False)
