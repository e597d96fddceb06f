"""Scans of pledges signed on paper over the API."""

from typing import Annotated
from uuid import UUID

from fastapi import File, Request, Response, UploadFile

from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, read_upload
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.signing.remote import scans
from app.signing.remote.routes import ProvidersDep
from app.signing.remote.schemas import ScanRead, ScanRefuse
from app.signing.routes import CeremonyDep

router = Router(tags=["scans"])
Scan = Annotated[UploadFile, File(description="PDF, JPEG or PNG of the whole signed sheet.")]


@router.post("/obligations/{obligation_id}/scan", status_code=201)
async def upload(
    obligation_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    providers: ProvidersDep,
    settings: SettingsDep,
    clock: ClockDep,
    file: Scan,
) -> ScanRead:
    """Take in the scan of a pledge somebody signed on paper; another officer looks at it before it counts."""
    data = await read_upload(file, settings.signing.scan_mb)
    return await scans.take_in(session, ceremony, providers, actor, obligation_id, data, own=False, now=clock.now())


@router.post("/me/obligations/{obligation_id}/scan", status_code=201)
async def upload_own(
    obligation_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    providers: ProvidersDep,
    settings: SettingsDep,
    clock: ClockDep,
    file: Scan,
) -> ScanRead:
    """Hand in the scan of the own pledge, signed on paper; an officer looks at it before it counts."""
    data = await read_upload(file, settings.signing.scan_mb)
    return await scans.take_in(session, ceremony, providers, actor, obligation_id, data, own=True, now=clock.now())


@router.get("/scans")
async def list_scans(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[ScanRead]:
    """Scans that wait for somebody to look at them, oldest first."""
    parts = decode_cursor(cursor, 1)
    found = await scans.list_waiting(session, actor, uuid_part(parts[0]) if parts else None, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return found


@router.get("/scans/{scan_id}/file", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
async def read_file(scan_id: UUID, session: SessionDep, actor: ActorDep, ceremony: CeremonyDep) -> Response:
    """The scan as a plain PDF."""
    data = await scans.file_of(session, ceremony, actor, scan_id)
    headers = {
        "Content-Disposition": f'attachment; filename="pindaian-{scan_id}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return Response(data, media_type="application/pdf", headers=headers)


@router.post("/scans/{scan_id}/accept")
async def accept(
    scan_id: UUID, session: SessionDep, actor: ActorDep, ceremony: CeremonyDep, clock: ClockDep
) -> ScanRead:
    """Accept a scan somebody else uploaded: the pledge counts as signed on paper, never as signed electronically."""
    return await scans.accept(session, ceremony, actor, scan_id, now=clock.now())


@router.post("/scans/{scan_id}/refuse")
async def refuse(scan_id: UUID, body: ScanRefuse, session: SessionDep, actor: ActorDep, clock: ClockDep) -> ScanRead:
    """Refuse a scan with a reason; the pledge stays owed."""
    return await scans.refuse(session, actor, scan_id, body.reason, now=clock.now())
