"""Anybody may check: a document by its code, or a file they bring. The file is not kept."""

import io
import re

import segno
from fastapi import Request, Response
from starlette.datastructures import UploadFile
from starlette.types import Message

from app.core.errors import NotFound, UploadTooLarge
from app.core.http import ClockDep, SessionDep, SettingsDep, client_address, resources
from app.core.ids import CODE_ALPHABET, DOCUMENT_CODE_LENGTH
from app.core.limits import Limits
from app.core.routing import Router
from app.core.settings import LimitSettings
from app.document.print_run import is_sheet
from app.verification import service as verification
from app.verification.schemas import public
from app.verification.service import Verifier
from app.web.rendering import render
from app.web.visitor import MaybeVisitorDep

router = Router()
_CODE = re.compile(f"[{CODE_ALPHABET}]{{{DOCUMENT_CODE_LENGTH}}}")
FORM_ROOM = 1 << 16  # bytes of a multipart body beside the file itself


@router.get("/periksa")
async def read_upload(request: Request, settings: SettingsDep, visitor: MaybeVisitorDep) -> Response:
    """Ask for a file."""
    return render(request, "check.html", visitor=visitor, most_mb=settings.limits.verify_mb, problem=False)


@router.post("/periksa")
async def post_upload(
    request: Request, session: SessionDep, clock: ClockDep, settings: SettingsDep, visitor: MaybeVisitorDep
) -> Response:
    """Check a file; works without any script."""
    held = resources(request)
    held.get(Limits).verification.take(client_address(request))
    data = await _uploaded(request, settings.limits)
    if not data:
        most = settings.limits.verify_mb
        return render(request, "check.html", visitor=visitor, status=422, most_mb=most, problem=True)
    report = await verification.verify_file(session, held.get(Verifier), data, now=clock.now())
    return render(request, "verdict.html", visitor=visitor, verdict=public(report), code="", title="")


@router.get("/v/{code}")
async def read_code(
    code: str, request: Request, session: SessionDep, clock: ClockDep, visitor: MaybeVisitorDep
) -> Response:
    """The verdict on the document a QR code leads to, from the bytes in the store."""
    held = resources(request)
    held.get(Limits).verification.take(client_address(request))
    verifier = held.get(Verifier)
    found = await verification.verify_code(session, verifier, code, now=clock.now())
    if found is None and await is_sheet(session, code):
        return render(request, "paper_sheet.html", visitor=visitor, code=code[:40])
    if found is None:
        return render(request, "unknown_code.html", visitor=visitor, status=404, code=code[:40])
    document, report = found
    title = (await verifier.shelf.text(session, document.round_id, document.pledge)).title
    return render(request, "verdict.html", visitor=visitor, verdict=public(report), code=document.code, title=title)


@router.get("/v/{code}/qr.svg")
async def read_qr(code: str, settings: SettingsDep) -> Response:
    """The QR code (ISO/IEC 18004) of a document's address; it tells nothing that the code does not."""
    if not _CODE.fullmatch(code):
        raise NotFound
    picture = io.BytesIO()
    segno.make(f"{settings.service.base_url}/v/{code}", error="m", micro=False).save(
        picture, kind="svg", border=2, dark="#17212b", light="#ffffff", omitsize=True, xmldecl=False
    )
    return Response(picture.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


async def _uploaded(request: Request, limits: LimitSettings) -> bytes:
    """Return the bytes of the form's file, empty when there is none; raises `UploadTooLarge` while it still arrives."""
    most, seen = limits.verify_mb << 20, 0

    async def counted() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > most + FORM_ROOM:
            raise UploadTooLarge(most_mb=limits.verify_mb)
        return message

    async with Request(request.scope, counted).form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        data = await file.read(most + 1) if isinstance(file, UploadFile) else b""
    if len(data) > most:
        raise UploadTooLarge(most_mb=limits.verify_mb)
    return data
