"""`/pindaian`: hand in the scan of a pledge signed on paper, and see what became of it. Works without any script."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from app.core.db import Session
from app.core.errors import AppError
from app.core.http import ClockDep, SessionDep, SettingsDep, read_upload, resources
from app.core.routing import Router
from app.core.settings import Settings
from app.signing.models import WetScan
from app.signing.providers.registry import Providers
from app.signing.remote import scans
from app.signing.sessions import Ceremony
from app.web.pages.home import Owed, list_owed, signable
from app.web.refusals import told
from app.web.rendering import language_of, render
from app.web.visitor import FormVisitorDep, Visitor, VisitorDep

router = Router()


@dataclass(frozen=True)
class Sheet:
    """A pledge that may be signed on paper: its newest scan, and what was refused just now."""

    owed: Owed
    scan: WetScan | None
    problem: str = ""


@router.get("/pindaian")
async def read_sheets(request: Request, session: SessionDep, clock: ClockDep, visitor: VisitorDep) -> Response:
    """What may be handed in, and where what was handed in stands."""
    resources(request).get(Providers).get(scans.PROVIDER)
    return await _page(request, session, clock, visitor)


@router.post("/pindaian/{obligation_id}")
async def post_sheet(
    obligation_id: UUID,
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: FormVisitorDep,
    file: UploadFile,
) -> Response:
    """Take a scan in, or say why not."""
    held = resources(request)
    try:
        data = await read_upload(file, settings.signing.scan_mb)
        await scans.take_in(
            session,
            held.get(Ceremony),
            held.get(Providers),
            visitor.principal,
            obligation_id,
            data,
            own=True,
            now=clock.now(),
        )
    except AppError as refusal:
        return await _page(request, session, clock, visitor, refused=(obligation_id, refusal))
    return RedirectResponse("/pindaian", 303)


async def _page(
    request: Request,
    session: Session,
    clock: ClockDep,
    visitor: Visitor,
    *,
    refused: tuple[UUID, AppError] | None = None,
) -> Response:
    owed = signable(await list_owed(request, session, visitor, now=clock.now()))
    found = await scans.list_own(session, visitor.principal, [one.id for one in owed])
    words = {refused[0]: told(refused[1], language_of(request))} if refused else {}
    return render(
        request,
        "sheets.html",
        visitor=visitor,
        status=422 if refused else 200,
        sheets=[Sheet(one, found.get(one.id), words.get(one.id, "")) for one in owed],
        most_mb=resources(request).get(Settings).signing.scan_mb,
    )
