"""`/kantor/belum-pasti`: calls to signing services whose end nobody saw, and what is decided about them. Works without any script."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from app.core.db import Database, Session
from app.core.errors import AppError
from app.core.http import ClockDep, SessionDep, SettingsDep, read_upload, resources
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.routing import Router
from app.document.compiled import TemplateShelf
from app.signing.providers.base import Takes
from app.signing.providers.registry import Providers
from app.signing.remote import unknown
from app.web.office import BriefFormOfficeDep, FormOfficeDep, Office, OfficeDep
from app.web.pages.account import office_page
from app.web.refusals import told
from app.web.rendering import language_of
from app.web.way import seen, way_name

router = Router()
PAGE = 25
HERE = "/kantor/belum-pasti"
Reason = Annotated[str, Form(min_length=5, max_length=1000, pattern=r"^[^\x00]*$")]


@router.get(HERE)
async def read_list(
    request: Request,
    session: SessionDep,
    office: OfficeDep,
    cursor: CursorQuery = None,
    hasil: Literal["", "signed", "unknown", "not_signed"] = "",
) -> Response:
    """Oldest first, with what came of the last thing done."""
    return await _page(request, session, office, cursor, result=hasil)


@router.post(HERE + "/{call_id}/periksa")
async def post_check(call_id: UUID, request: Request, office: BriefFormOfficeDep) -> Response:
    """Ask the service again."""
    held = resources(request)
    try:
        call = await unknown.check_again(held, office.principal, call_id)
    except AppError as refusal:
        async with held.get(Database).transaction() as session:
            return await _page(request, session, office, refusal=refusal)
    return RedirectResponse(f"{HERE}?hasil={call.state}", 303)


@router.post(HERE + "/{call_id}/berkas")
async def post_file(
    call_id: UUID, request: Request, office: BriefFormOfficeDep, settings: SettingsDep, file: UploadFile, reason: Reason
) -> Response:
    """Take the signed file, if it is that."""
    held = resources(request)
    try:
        data = await read_upload(file, settings.limits.verify_mb)
        call = await unknown.hand_in(held, office.principal, call_id, data, reason)
    except AppError as refusal:
        async with held.get(Database).transaction() as session:
            return await _page(request, session, office, refusal=refusal)
    return RedirectResponse(f"{HERE}?hasil={call.state}", 303)


@router.post(HERE + "/{call_id}/putusan")
async def post_decision(
    call_id: UUID, request: Request, session: SessionDep, office: FormOfficeDep, clock: ClockDep, reason: Reason
) -> Response:
    """Take somebody's word that nothing was signed, and how they know."""
    held = resources(request)
    call = await unknown.decide_not_signed(session, held, office.principal, call_id, reason, now=clock.now())
    return RedirectResponse(f"{HERE}?hasil={call.state}", 303)


async def _page(
    request: Request,
    session: Session,
    office: Office,
    cursor: str | None = None,
    *,
    result: str = "",
    refusal: AppError | None = None,
) -> Response:
    held, language, parts = resources(request), language_of(request), decode_cursor(cursor, 1)
    shelf, providers = held.get(TemplateShelf), held.get(Providers).on
    found = await unknown.list_unknown(session, office.principal, uuid_part(parts[0]) if parts else None, PAGE + 1)
    takers = {name for name, one in providers.items() if one.traits.takes is Takes.FILE}
    return office_page(
        request,
        "uncertain.html",
        office,
        status=409 if refusal else 200,
        calls=[
            (
                one,
                (await shelf.text(session, one.round_id, one.pledge)).title,
                way_name(one.provider, language),
                seen(one.reason, language),
            )
            for one in found[:PAGE]
        ],
        takers=takers,
        more=encode_cursor(found[PAGE - 1].id) if len(found) > PAGE else "",
        result=result,
        problem=told(refusal, language) if refusal else "",
    )
