"""`/kantor/pindaian`: scans that wait for somebody to look at them, each with its pages, to accept or to refuse. Works without any script."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import Session
from app.core.errors import NotFound
from app.core.http import ClockDep, SessionDep, resources
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.routing import Router
from app.document.compiled import TemplateShelf
from app.obligation import service as obligation
from app.pdf.preview import page_photo
from app.signing.providers.wet_scan import MOST_PAGES
from app.signing.remote import scans
from app.signing.remote.schemas import ScanRead
from app.signing.sessions import Ceremony
from app.web.office import FormOfficeDep, OfficeDep
from app.web.pages.account import office_page

router = Router()
PAGE = 25
HERE = "/kantor/pindaian"


@router.get(HERE)
async def read_list(
    request: Request,
    session: SessionDep,
    office: OfficeDep,
    cursor: CursorQuery = None,
    hasil: Literal["", "accepted", "refused", "uploaded"] = "",
) -> Response:
    """Oldest first, with what was decided last."""
    parts = decode_cursor(cursor, 1)
    found = await scans.list_waiting(session, office.principal, uuid_part(parts[0]) if parts else None, PAGE + 1)
    shown = found[:PAGE]
    titles = await _titles(request, session, shown)
    more = encode_cursor(found[PAGE - 1].id) if len(found) > PAGE else ""
    waiting = [(one, titles[one.id]) for one in shown]
    return office_page(request, "scans.html", office, scans=waiting, more=more, result=hasil)


@router.get(HERE + "/{scan_id}")
async def read_scan(scan_id: UUID, request: Request, session: SessionDep, office: OfficeDep) -> Response:
    """One scan: its pages, whose it should be, and the decision."""
    scan, own = await scans.look_at(session, office.principal, scan_id)
    data = await scans.file_of(session, resources(request).get(Ceremony), office.principal, scan_id)
    _, pages = await asyncio.to_thread(page_photo, data, width=100)
    titles = await _titles(request, session, [scan])
    return office_page(request, "scan.html", office, scan=scan, own=own, pages=pages, title=titles[scan.id])


@router.get(HERE + "/{scan_id}/{page}.jpg")
async def read_page(
    scan_id: UUID,
    page: Annotated[int, Path(ge=1, le=MOST_PAGES)],
    request: Request,
    session: SessionDep,
    office: OfficeDep,
) -> Response:
    """A picture of a page."""
    data = await scans.file_of(session, resources(request).get(Ceremony), office.principal, scan_id)
    try:
        picture, _ = await asyncio.to_thread(page_photo, data, page)
    except IndexError:
        raise NotFound from None
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


@router.post(HERE + "/{scan_id}/terima")
async def post_accept(
    scan_id: UUID, request: Request, session: SessionDep, office: FormOfficeDep, clock: ClockDep
) -> Response:
    """The signature was seen: the pledge counts as signed on paper."""
    ceremony = resources(request).get(Ceremony)
    judged = await scans.accept(session, ceremony, office.principal, scan_id, now=clock.now())
    return RedirectResponse(f"{HERE}?hasil={judged.state}", 303)


@router.post(HERE + "/{scan_id}/tolak")
async def post_refuse(
    scan_id: UUID,
    session: SessionDep,
    office: FormOfficeDep,
    clock: ClockDep,
    reason: Annotated[str, Form(min_length=5, max_length=1000, pattern=r"^[^\x00]*$")],
) -> Response:
    """The scan will not do; the person reads why and hands in another."""
    judged = await scans.refuse(session, office.principal, scan_id, reason, now=clock.now())
    return RedirectResponse(f"{HERE}?hasil={judged.state}", 303)


async def _titles(request: Request, session: Session, found: Sequence[ScanRead]) -> dict[UUID, str]:
    """Return the title of the pledge each scan should show."""
    shelf, titles = resources(request).get(TemplateShelf), dict[UUID, str]()
    for round_id in {one.round_id for one in found}:
        here = [one for one in found if one.round_id == round_id]
        owed = await obligation.obligations_of(session, round_id, [one.employee_id for one in here])
        pledges = {each.id: each.pledge for all_of_one in owed.values() for each in all_of_one}
        for one in here:
            titles[one.id] = (await shelf.text(session, round_id, pledges[one.obligation_id])).title
    return titles
