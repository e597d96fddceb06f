"""Print runs over the API: for agencies that sign on paper."""

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from app.core.clock import local_day
from app.core.db import Database, Session
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, resources
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.principal import Principal
from app.core.routing import Router
from app.document import print_run
from app.document.compiled import TemplateShelf
from app.document.errors import NothingToPrint
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind

router = Router(tags=["print runs"])

OpdQuery = Annotated[UUID | None, Query(description="One agency (OPD); without it, every agency the caller may see.")]


class PaperSheetRead(BaseModel):
    """Whose sheet a code is: what an officer needs to file a scan with the right person."""

    code: str
    round_id: UUID
    obligation_id: UUID
    employee_id: UUID
    agency_id: UUID
    name: str
    nip: str
    agency: str
    pledge: str
    state: str
    printed_at: datetime


@router.get(
    "/rounds/{round_id}/print.zip",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
async def print_archive(
    round_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    opd: OpdQuery = None,
) -> StreamingResponse:
    """Every pledge still owed as an unsigned PDF, a folder an agency; who could not be printed is listed in `tidak-tercetak.csv`."""
    scope = await print_run.require_printable(session, actor, round_id, opd, now=clock.now())
    _note_export(session, actor, round_id, opd, clock.now())
    held, today = resources(request), local_day(clock.now(), settings.service.timezone)
    sheets = print_run.archive(
        held.get(Database), held.get(TemplateShelf), actor, round_id, scope, today=today, now=clock.now()
    )
    headers = {
        "Content-Disposition": f'attachment; filename="naskah-{opd or round_id}.zip"',
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(sheets, media_type="application/zip", headers=headers)


@router.get(
    "/rounds/{round_id}/print.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
async def print_book(
    round_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    opd: OpdQuery = None,
    people: Annotated[int, Query(ge=1, le=500, description="How many people's pledges the file holds.")] = 200,
    cursor: CursorQuery = None,
) -> Response:
    """One PDF of the next people's pledges, ready for a printer; `Link: rel="next"` leads to the file after it.

    `Pakta-Not-Printed` says how many sheets are missing in it; the archive tells why.
    """
    scope = await print_run.require_printable(session, actor, round_id, opd, now=clock.now())
    parts = decode_cursor(cursor, 3)
    after = (uuid_part(parts[0]), str(parts[1]), uuid_part(parts[2])) if parts else None
    shelf, today = resources(request).get(TemplateShelf), local_day(clock.now(), settings.service.timezone)
    sheets, last = await print_run.next_sheets(
        session, shelf, round_id, scope, after, people, today=today, now=clock.now()
    )
    missing = sum(sheet.data is None for sheet in sheets)
    if len(sheets) == missing:
        raise NothingToPrint
    _note_export(session, actor, round_id, opd, clock.now())
    book = await asyncio.to_thread(print_run.merged, sheets)
    response = Response(book, media_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="naskah-{opd or round_id}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Pakta-Not-Printed"] = str(missing)
    if last is not None:
        link_next(request, response, encode_cursor(*last))
    return response


def _note_export(session: Session, actor: Principal, round_id: UUID, opd: UUID | None, now: datetime) -> None:
    about = str(opd) if opd else None
    access.record(session, AccessKind.LIST_EXPORTED, actor, now=now, list="print", round=str(round_id), opd=about)


@router.get("/paper-sheets/{code}")
async def read_paper_sheet(code: str, session: SessionDep, actor: ActorDep) -> PaperSheetRead:
    """Whose sheet a code on a scan is."""
    found = await print_run.find_sheet(session, actor, code)
    return PaperSheetRead(code=code.strip().upper(), **found._asdict())
