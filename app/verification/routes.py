"""Verification over the API: public, rate-limited, and nothing of the file is kept."""

from typing import Annotated

from fastapi import File, Request, UploadFile

from app.core.http import ClockDep, SessionDep, SettingsDep, client_address, read_upload, resources
from app.core.limits import Limits
from app.core.routing import Router
from app.verification import service
from app.verification.schemas import VerdictRead, public
from app.verification.service import Verifier

router = Router(prefix="/verifications", tags=["verification"])


@router.post("")
async def verify(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    file: Annotated[UploadFile, File(description="PDF")],
) -> VerdictRead:
    """Check a PDF: signatures, time stamps, changes after signing, register and log."""
    held = resources(request)
    held.get(Limits).verification.take(client_address(request))
    data = await read_upload(file, settings.limits.verify_mb)
    return public(await service.verify_file(session, held.get(Verifier), data, now=clock.now()))
