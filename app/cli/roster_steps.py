"""`pakta roster show|missing|decide|corrections|correct|apply|undo`: what follows an import, for who works at the machine."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from app.asn import importing, service
from app.asn.applying import service as applying
from app.asn.importing import Upload
from app.asn.models import RosterImport
from app.asn.schemas import MissingDecide, MissingRead
from app.asn.staging import corrections as correction_book
from app.asn.staging import service as staging
from app.asn.upload import nameless
from app.cli.operator import OPERATOR, at_work, clock_of
from app.cli.options import AsJson, DataDir
from app.core.clock import local_day
from app.core.db import Session
from app.core.errors import CannotStart
from app.core.resources import Resources
from app.core.settings import Settings
from app.opd import service as opd
from app.transparency.record import LogIdentity

ImportId = Annotated[UUID, typer.Argument(help="The import's id.")]
PAGE = 1000


class Decision(Enum):
    """What became of somebody missing."""

    KEEP = "keep"
    LEFT = "left"
    TRANSFERRED = "transferred"


def add_to(cli: typer.Typer) -> None:
    """Add these commands to `pakta roster`."""
    for command in (show, missing, decide, corrections, correct, apply, undo):
        cli.command()(command)


def show(import_id: ImportId, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Show an import's state and counts."""

    async def act(_: Resources, session: Session) -> RosterImport:
        return await importing.get_import(session, OPERATOR, import_id)

    _tell(_run(act), as_json=as_json)


def missing(import_id: ImportId, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """List who is not in the file though its agencies are, and what was decided about each."""

    async def act(_: Resources, session: Session) -> list[MissingRead]:
        found: list[MissingRead] = []
        cursor: str | None = None
        while True:
            page, mark = await staging.list_missing(session, OPERATOR, import_id, None, cursor, PAGE)
            found += page
            if mark is None:
                return found
            cursor = mark

    people = _run(act)
    if as_json:
        typer.echo(json.dumps([person.model_dump(mode="json") for person in people], ensure_ascii=False))
        return
    table = Table("NIP", "Nama", "Unit kerja", "Keputusan", "Sejak")
    for person in people:
        table.add_row(
            person.nip or person.local_number, person.name, person.unit, person.decision, str(person.decided_on or "")
        )
    Console().print(table)


def decide(
    import_id: ImportId,
    decision: Annotated[Decision, typer.Argument(help="keep, left, transferred.")],
    nip: Annotated[list[str], typer.Option(help="Whom it is about (NIP, or number without one); may be repeated.")],
    on: Annotated[str, typer.Option(help="First day they are no longer there, YYYY-MM-DD.")] = "",
    unit: Annotated[str, typer.Option(help="SIASN id of the unit they were transferred to.")] = "",
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Decide what became of people who are missing from the file; it happens when the import is applied."""
    day = _day(on)

    async def act(held: Resources, session: Session) -> int:
        people = [await service.find_by_number(session, each) for each in nip]
        if None in people:
            raise CannotStart(f"Nobody on the roster has the NIP {nip[people.index(None)]}.")
        body = MissingDecide(
            employee_ids=[person.id for person in people if person],
            decision=decision.value,
            on=day,
            unit_id=await opd.get_unit_id(session, unit) if unit else None,
        )
        now, zone = clock_of(held).now(), held.get(Settings).service.timezone
        return await staging.decide(session, OPERATOR, import_id, body, now=now, today=local_day(now, zone))

    typer.echo(f"{_run(act)} diputuskan: {decision.value}.")


def corrections(
    import_id: ImportId,
    out: Annotated[Path, typer.Option(help="Where to write the workbook (XLSX).", dir_okay=False)],
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Write the file that was imported with its bad cells marked, and on each what was found and what to do."""

    async def act(held: Resources, session: Session) -> None:
        with nameless() as made:
            await correction_book.write(session, OPERATOR, import_id, held.get(Settings), made, language="id")
            await asyncio.to_thread(shutil.copyfile, made, out)

    _run(act)


def correct(
    import_id: ImportId,
    file: Annotated[Path, typer.Argument(help="The corrected workbook.", exists=True, dir_okay=False)],
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Bring a corrected workbook: only the rows that were not in order are read again."""
    path = file.absolute()

    async def act(held: Resources, session: Session) -> RosterImport:
        parent = await importing.get_import(session, OPERATOR, import_id)
        brought = Upload(path, path.name, importing.tree_of(parent), parent.effective_on, parent)
        settings, now = held.get(Settings), clock_of(held).now()
        return await staging.take_in(session, OPERATOR, brought, settings, later=False, now=now)

    _tell(_run(act), as_json=as_json)


def apply(import_id: ImportId, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Apply a staged import, all of it or nothing."""

    async def act(held: Resources, session: Session) -> RosterImport:
        now = clock_of(held).now()
        log, settings = held.get(LogIdentity), held.get(Settings)
        return await applying.apply(session, OPERATOR, log, import_id, settings, now=now)

    _tell(_run(act), as_json=as_json)


def undo(import_id: ImportId, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Take the import that was applied last back, while nothing depends on it."""

    async def act(held: Resources, session: Session) -> RosterImport:
        now = clock_of(held).now()
        return await applying.undo(session, OPERATOR, held.get(LogIdentity), import_id, held.get(Settings), now=now)

    _tell(_run(act), as_json=as_json)


def _run(act: Callable[[Resources, Session], Awaitable[Any]]) -> Any:
    async def work() -> Any:
        async with at_work() as (held, session):
            return await act(held, session)

    return asyncio.run(work())


def _tell(found: RosterImport, *, as_json: bool) -> None:
    if as_json:
        told = {"id": str(found.id), "status": found.status, "counts": found.counts, "file_name": found.file_name}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        counts = "  ".join(f"{name} [bold]{count}[/]" for name, count in found.counts.items())
        Console().print(f"{found.id}  {found.status}  {counts}")


def _day(stated: str) -> date | None:
    try:
        return date.fromisoformat(stated) if stated else None
    except ValueError:
        raise CannotStart(f"{stated} is no day (YYYY-MM-DD).") from None
