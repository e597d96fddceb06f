"""`pakta keys retimestamp`."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from sqlalchemy.exc import DBAPIError

from app.cli.failure import keys_told
from app.cli.operator import clock_of
from app.cli.options import AsJson, DataDir
from app.core.db import Database
from app.core.errors import CannotStart
from app.core.memory import settle
from app.core.resources import Resources
from app.core.settings import Settings
from app.core.telemetry import configure_logs
from app.document.retimestamping import service
from app.document.sealing import Sealer
from app.wiring import running

_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]
_LOOK_EVERY = 2.0  # seconds between two looks at what is left
_AGAIN = "Yang sudah distempel tetap tersimpan. Jalankan perintah yang sama lagi untuk melanjutkan."
Before = Annotated[
    datetime | None,
    typer.Option(
        formats=_MOMENTS, help="Documents last stamped before this day or moment (UTC); without it: before now."
    ),
]


def retimestamp(
    before: Before = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many documents.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; without it: as many as there are processors.")
    ] = None,
    under: Annotated[int | None, typer.Option(hidden=True)] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Give sealed documents a further archive time stamp before the TSA's certificate is over; can be stopped and repeated.

    With --before the job goes on where it stopped; without it every run renews all documents.
    """
    moment = before.replace(tzinfo=UTC) if before else None
    console = Console(stderr=True, quiet=as_json)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("Distempel ulang …", total=None)
        result = asyncio.run(
            _run(
                Settings(), moment, limit, workers, under, lambda done, due: bar.update(task, completed=done, total=due)
            )
        )
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        typer.echo(f"{result['renewed']} dokumen distempel ulang, {result['waiting']} masih menunggu.")
        for document, reason in result["faults"].items():
            typer.echo(f"{document}: {reason}", err=True)
    raise typer.Exit(1 if result["faults"] else 0)


_Told = Callable[[int, int], None]
"""Is told how many are done, of how many."""


async def _run(
    settings: Settings, before: datetime | None, limit: int | None, workers: int | None, under: int | None, told: _Told
) -> dict[str, Any]:
    """Renew what is due; `under` is the process this one ends with."""
    configure_logs(settings.service)
    started = time.perf_counter()
    async with _at_work(settings) as held:
        moment = before or clock_of(held).now()
        waiting = await _count_due(held, moment)
        most = min(waiting, limit or waiting)
        processes = min(workers or os.cpu_count() or 1, -(-most // service.BATCH))  # each at least a batch
        if processes > 1:
            shares = [most * (i + 1) // processes - most * i // processes for i in range(processes)] if limit else []
            renewed, faults = await _side_by_side(held, moment, shares or [None] * processes, told)
        else:
            renewed, faults = await _batch_by_batch(held, moment, most, under, told)
        waiting = await _count_due(held, moment)
    seconds = round(time.perf_counter() - started, 2)
    return {"renewed": renewed, "waiting": waiting, "faults": faults, "seconds": seconds}


@asynccontextmanager
async def _at_work(settings: Settings) -> AsyncIterator[Resources]:
    try:
        with keys_told():
            async with running(settings) as held:
                yield held
    except (DBAPIError, psycopg.Error) as error:
        raise CannotStart(f"Basis data tidak menjawab. {_AGAIN}") from error


async def _count_due(held: Resources, moment: datetime) -> int:
    async with held.get(Database).transaction() as session:
        return await service.count_due(session, moment)


async def _batch_by_batch(
    held: Resources, moment: datetime, limit: int, under: int | None, told: _Told
) -> tuple[int, dict[str, str]]:
    sealer, database, clock = held.get(Sealer), held.get(Database), clock_of(held)
    settle()
    renewed, after = 0, None
    faults: dict[str, str] = {}
    while renewed < limit and under in {None, os.getppid()}:
        most = min(service.BATCH, limit - renewed)
        async with database.transaction() as session:
            batch = await service.renew(session, sealer, before=moment, after=after, now=clock.now(), most=most)
        if batch.last is None:
            break
        renewed, after = renewed + batch.count, batch.last
        faults |= {str(document): reason for document, reason in batch.faults.items()}
        told(renewed, limit)
    return renewed, faults


async def _side_by_side(
    held: Resources, moment: datetime, shares: Sequence[int | None], told: _Told
) -> tuple[int, dict[str, str]]:
    """The same command in processes of their own, each with its share, or with what no other has locked (None)."""
    due = await _count_due(held, moment)
    working = asyncio.gather(*(_share(moment, share) for share in shares), return_exceptions=True)
    while not working.done():
        await asyncio.wait([working], timeout=_LOOK_EVERY)
        told(due - await _count_due(held, moment), due)
    results = await working
    if failed := next((one for one in results if isinstance(one, BaseException)), None):
        raise failed
    done = [one for one in results if not isinstance(one, BaseException)]
    faults = {document: reason for one in done for document, reason in one["faults"].items()}
    return sum(one["renewed"] for one in done), faults


async def _share(moment: datetime, share: int | None) -> dict[str, Any]:
    """What `--json` prints of one share; its words on standard error are seen as they come."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "keys", "retimestamp", "--json", "--workers", "1", "--under", str(os.getpid())),
        *("--before", moment.astimezone(UTC).strftime(_MOMENTS[-1])),
        *(("--limit", str(share)) if share else ()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    answer, _ = await process.communicate()
    if process.returncode not in {0, 1} or not answer:
        raise CannotStart(f"Satu proses berhenti sebelum selesai. {_AGAIN}")
    result: dict[str, Any] = json.loads(answer)
    return result
