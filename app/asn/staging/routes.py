"""Roster imports over the API: upload, look, decide, correct, apply, undo."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import File, Form, Header, Request, Response, UploadFile
from fastapi.responses import JSONResponse, StreamingResponse

from app.asn import importing, refusal
from app.asn.applying import service as applying
from app.asn.errors import FileRefused
from app.asn.importing import Upload
from app.asn.models import RosterImport
from app.asn.schemas import (
    CorrectionsState,
    Decision,
    ImportRead,
    ImportRowRead,
    MappingWrite,
    MissingDecide,
    MissingRead,
    Outcome,
)
from app.asn.staging import corrections, service
from app.asn.upload import nameless
from app.core.errors import UploadTooLarge
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, TodayDep, resources
from app.core.paging import CursorQuery, LimitQuery, link_next
from app.core.routing import Router
from app.core.texts import negotiate
from app.opd.tree import UnitTree
from app.transparency.record import LogIdentity

router = Router(prefix="/roster-imports", tags=["asn"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RosterFile = Annotated[UploadFile, File(description="XLSX or CSV")]
PreferHeader = Annotated[str, Header(description="respond-async: answer at once, read later (RFC 7240)")]


@asynccontextmanager
async def _copied(upload: UploadFile, most_mb: int) -> AsyncIterator[Path]:
    """Copy an upload to a file of its own, without a name: it holds NIKs; raises `UploadTooLarge`."""
    with nameless() as path:
        with path.open("wb") as file:
            await asyncio.to_thread(shutil.copyfileobj, upload.file, file)
        if path.stat().st_size > most_mb << 20:
            raise UploadTooLarge(most_mb=most_mb)
        yield path


@asynccontextmanager
async def _in_language(request: Request) -> AsyncIterator[None]:
    """Tell why a file was refused in the caller's language."""
    try:
        yield
    except FileRefused as refused:
        raise refused.told_in(_language(request)) from refused


@router.post("", status_code=201, responses={202: {"model": ImportRead, "description": "Being read; ask again."}})
async def stage(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    file: RosterFile,
    units: Annotated[UploadFile | None, File(description="Unit file (CSV)")] = None,
    effective_on: Annotated[date | None, Form(description="Since when the changes hold; the day of applying.")] = None,
    prefer: PreferHeader = "",
) -> ImportRead:
    """Upload a roster: every row is read, checked and compared; nothing changes until it is applied."""
    tree: UnitTree | None = None
    if units is not None:
        async with _copied(units, settings.limits.upload_mb) as path:
            tree = await asyncio.to_thread(importing.read_units, path, _language(request))
    async with _copied(file, settings.limits.upload_mb) as path, _in_language(request):
        brought = Upload(path, file.filename or "", tree, effective_on)
        staged = await service.take_in(
            session, actor, brought, settings, later="respond-async" in prefer, now=clock.now()
        )
    return _answer(request, response, staged)


@router.get("/{import_id}")
async def read_import(import_id: UUID, request: Request, session: SessionDep, actor: ActorDep) -> ImportRead:
    """Read an import's state and counts."""
    return _read(await importing.get_import(session, actor, import_id), request)


@router.get("/{import_id}/rows")
async def list_rows(
    import_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    outcome: Outcome | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[ImportRowRead]:
    """List rows by outcome (accepted, warned, rejected) or change (new, changed, unchanged, missing)."""
    language = _language(request)
    if outcome == "missing":
        people, following = await service.list_missing(session, actor, import_id, None, cursor, limit)
        rows = [service.missing_row(person) for person in people]
    else:
        rows, following = await service.list_rows(session, actor, import_id, outcome, cursor, limit, language)
    if following:
        link_next(request, response, following)
    return rows


@router.get("/{import_id}/missing")
async def list_missing(
    import_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    decision: Decision | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[MissingRead]:
    """List the people of the agencies the file covers who are not in it, with what was decided about each."""
    people, following = await service.list_missing(session, actor, import_id, decision, cursor, limit)
    if following:
        link_next(request, response, following)
    return people


@router.put("/{import_id}/missing")
async def decide(
    import_id: UUID, body: MissingDecide, session: SessionDep, actor: ActorDep, clock: ClockDep, today: TodayDep
) -> dict[str, int]:
    """Decide about missing people: keep (the default), left, transferred. It happens when the import is applied."""
    return {"decided": await service.decide(session, actor, import_id, body, now=clock.now(), today=today)}


@router.put("/{import_id}/mapping")
async def correct_mapping(
    import_id: UUID,
    body: MappingWrite,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> ImportRead:
    """Say which column of the file is which; the file is read again, and the next one with this header is read so at once."""
    async with _in_language(request):
        mapped = await service.correct_mapping(session, actor, import_id, body, settings, now=clock.now())
    return _read(mapped, request)


@router.get(
    "/{import_id}/corrections.xlsx",
    response_class=Response,
    responses={
        200: {"content": {XLSX: {}}},
        202: {"model": CorrectionsState, "description": "Being made; ask again."},
    },
)
async def read_corrections(
    import_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    settings: SettingsDep,
    prefer: PreferHeader = "",
) -> Response:
    """Download the file that was uploaded, its bad cells marked, with what was found and what to do; a large one is made by a job first."""
    async with _in_language(request):
        pieces = await corrections.fetch(
            session, actor, import_id, settings, language=_language(request), later="respond-async" in prefer
        )
    if pieces is None:
        return JSONResponse(CorrectionsState(state="making").model_dump(), 202, {"Retry-After": "2"})
    named = {
        "Content-Disposition": f'attachment; filename="perbaikan-{import_id}.xlsx"',
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(pieces, media_type=XLSX, headers=named)


@router.post("/{import_id}/corrections", status_code=201)
async def upload_corrections(
    import_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    file: RosterFile,
    prefer: PreferHeader = "",
) -> ImportRead:
    """Upload a corrected workbook: only the rows that were not in order are read again; the others stay as they were."""
    async with _copied(file, settings.limits.upload_mb) as path, _in_language(request):
        parent = await importing.get_import(session, actor, import_id)
        importing.require_status(parent, "staged", "applied")
        brought = Upload(path, file.filename or "", importing.tree_of(parent), parent.effective_on, parent)
        staged = await service.take_in(
            session, actor, brought, settings, later="respond-async" in prefer, now=clock.now()
        )
    return _answer(request, response, staged)


@router.post("/{import_id}/apply")
async def apply(
    import_id: UUID, request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep, settings: SettingsDep
) -> ImportRead:
    """Apply a staged import, all of it or nothing."""
    log = resources(request).get(LogIdentity)
    return _read(await applying.apply(session, actor, log, import_id, settings, now=clock.now()), request)


@router.post("/{import_id}/undo")
async def undo(
    import_id: UUID, request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep, settings: SettingsDep
) -> ImportRead:
    """Take the import that was applied last back, while nothing depends on it."""
    log = resources(request).get(LogIdentity)
    return _read(await applying.undo(session, actor, log, import_id, settings, now=clock.now()), request)


def _answer(request: Request, response: Response, staged: RosterImport) -> ImportRead:
    response.headers["Location"] = f"/api/v1/roster-imports/{staged.id}"
    if staged.status == "reading":
        response.status_code = 202
        response.headers["Preference-Applied"] = "respond-async"
        response.headers["Retry-After"] = "2"
    return _read(staged, request)


def _read(found: RosterImport, request: Request) -> ImportRead:
    read = ImportRead.model_validate(found, from_attributes=True)
    if read.refusal:
        code, missing = read.refusal["reason"], tuple(read.refusal["missing"])
        read.refusal["remedy"] = refusal.remedy_of(code, missing, _language(request))
    return read


def _language(request: Request) -> str:
    return negotiate(request.headers.get("accept-language"))
