"""`/kantor/pindaian/unggah`: an officer hands in the sheet somebody else signed, found by the code on it, by number or by name. Works without any script."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from app.asn import service as asn
from app.asn.models import Employee
from app.asn.search import service as searching
from app.core.db import Session
from app.core.errors import AppError, NotFound
from app.core.http import ClockDep, SessionDep, SettingsDep, read_upload, resources
from app.core.permission import Permission
from app.core.routing import Router
from app.core.settings import Settings
from app.document import print_run
from app.document.compiled import TemplateShelf
from app.signing.models import WetScan
from app.signing.providers.registry import Providers
from app.signing.remote import scans
from app.signing.sessions import Ceremony
from app.web.office import FormOfficeDep, Office, OfficeDep
from app.web.pages.account import office_page
from app.web.refusals import told
from app.web.rendering import language_of

router = Router()
HERE = "/kantor/pindaian/unggah"
MOST = 20


@dataclass(frozen=True)
class Sheet:
    """A pledge somebody may sign on paper: its newest scan, and what was refused just now."""

    id: UUID
    title: str
    round: str
    closes_at: datetime
    scan: WetScan | None
    problem: str = ""


@router.get(HERE)
async def read_search(
    request: Request,
    session: SessionDep,
    office: OfficeDep,
    cari: Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """Ask whose sheet it is; a code that stands on one leads straight to its person."""
    office.principal.require(Permission.SCAN_WRITE)
    resources(request).get(Providers).get(scans.PROVIDER)
    words = cari.strip()
    try:
        sheet = await print_run.find_sheet(session, office.principal, words) if words else None
    except NotFound:
        sheet = None
    if sheet is not None:
        return RedirectResponse(f"{HERE}/{sheet.employee_id}", 303)
    people, more = await searching.search(session, office.principal, words, searching.Filters(), after=None, limit=MOST)
    found = [(one, unit, *_numbers(office, one)) for one, unit in people]
    return office_page(request, "scan_upload.html", office, found=found, words=words, more=more is not None)


@router.get(HERE + "/{employee_id}")
async def read_person(
    employee_id: UUID, request: Request, session: SessionDep, office: OfficeDep, clock: ClockDep
) -> Response:
    """What this person may still sign on paper, each with its own field for the file."""
    resources(request).get(Providers).get(scans.PROVIDER)
    return await _page(request, session, office, employee_id, now=clock.now())


@router.post(HERE + "/{employee_id}/{obligation_id}")
async def post_scan(
    employee_id: UUID,
    obligation_id: UUID,
    request: Request,
    session: SessionDep,
    office: FormOfficeDep,
    settings: SettingsDep,
    clock: ClockDep,
    file: UploadFile,
) -> Response:
    """Take the scan in, or say why not; another officer looks at it before it counts."""
    held, now = resources(request), clock.now()
    ceremony, providers = held.get(Ceremony), held.get(Providers)
    try:
        data = await read_upload(file, settings.signing.scan_mb)
        await scans.take_in(session, ceremony, providers, office.principal, obligation_id, data, own=False, now=now)
    except NotFound:
        raise
    except AppError as refusal:
        return await _page(request, session, office, employee_id, refused=(obligation_id, refusal), now=now)
    return RedirectResponse("/kantor/pindaian?hasil=uploaded", 303)


async def _page(
    request: Request,
    session: Session,
    office: Office,
    employee_id: UUID,
    *,
    refused: tuple[UUID, AppError] | None = None,
    now: datetime,
) -> Response:
    held = resources(request)
    owed = await scans.list_owed(session, office.principal, employee_id, now=now)
    employee = await asn.get_employee(session, employee_id)
    nip, number = _numbers(office, employee)
    words = {refused[0]: told(refused[1], language_of(request))} if refused else {}
    shelf = held.get(TemplateShelf)
    sheets = [
        Sheet(
            one.id,
            (await shelf.text(session, one.round_id, one.pledge)).title,
            pledge_round.title,
            pledge_round.closes_at,
            scan,
            words.get(one.id, ""),
        )
        for one, pledge_round, scan in owed
    ]
    return office_page(
        request,
        "scan_upload_person.html",
        office,
        status=422 if refused else 200,
        employee=employee,
        nip=nip,
        number=number,
        sheets=sheets,
        most_mb=held.get(Settings).signing.scan_mb,
    )


def _numbers(office: Office, employee: Employee) -> tuple[str, str]:
    """(NIP, local number) as the caller may see them; most people have the first alone."""
    actor = office.principal
    return asn.shown_nip(actor, employee.nip), asn.shown_number(actor, employee.local_number)
