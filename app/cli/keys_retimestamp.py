"""`pakta keys retimestamp`."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from app.cli.operator import clock_of
from app.cli.options import AsJson, DataDir
from app.core.db import Database
from app.core.settings import Settings
from app.core.telemetry import configure_logs
from app.document.retimestamping import service
from app.document.sealing import Sealer
from app.wiring import running

Before = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        help="Documents last stamped before this day or moment (UTC); without it: before now.",
    ),
]


def retimestamp(
    before: Before = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many documents.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Give sealed documents a further archive time stamp before the TSA's certificate is over; can be stopped and repeated.

    With --before the job goes on where it stopped; without it every run renews all documents.
    """
    result = asyncio.run(_run(Settings(), before.replace(tzinfo=UTC) if before else None, limit))
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        typer.echo(f"{result['renewed']} dokumen distempel ulang, {result['waiting']} masih menunggu.")
        for document, reason in result["faults"].items():
            typer.echo(f"{document}: {reason}", err=True)
    raise typer.Exit(1 if result["faults"] else 0)


async def _run(settings: Settings, before: datetime | None, limit: int | None) -> dict[str, Any]:
    configure_logs(settings.service)
    renewed, after, started = 0, None, time.perf_counter()
    faults: dict[str, str] = {}
    async with running(settings) as held:
        sealer, database, clock = held.get(Sealer), held.get(Database), clock_of(held)
        moment = before or clock.now()
        while limit is None or renewed < limit:
            most = service.BATCH if limit is None else min(service.BATCH, limit - renewed)
            async with database.transaction() as session:
                batch = await service.renew(session, sealer, before=moment, after=after, now=clock.now(), most=most)
            if batch.last is None:
                break
            renewed, after = renewed + batch.count, batch.last
            faults |= {str(document): reason for document, reason in batch.faults.items()}
        async with database.transaction() as session:
            waiting = await service.count_due(session, moment)
    seconds = round(time.perf_counter() - started, 2)
    return {"renewed": renewed, "waiting": waiting, "faults": faults, "seconds": seconds}
