"""Signing through a service elsewhere: read, confirm, send, and what to do when nobody knows how it ended.

The passphrase is never given to these pages: `static/remote-page.js` hands it to the API in one request's body.
"""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from app.asn import service as asn
from app.core.clock import Clock
from app.core.db import Database, Session
from app.core.errors import AppError
from app.core.http import ClockDep, SessionDep, SettingsDep, read_upload, resources
from app.core.routing import Router
from app.signing.errors import SessionExpired
from app.signing.models import SigningSession
from app.signing.providers.base import Takes
from app.signing.providers.registry import Providers
from app.signing.remote import acts, own
from app.signing.remote.schemas import RemoteCreate, RemoteRead
from app.signing.sessions import Ceremony
from app.signing.states import State
from app.web.pages.home import list_owed, signable
from app.web.refusals import told
from app.web.rendering import language_of, render
from app.web.visitor import BriefFormVisitorDep, FormVisitorDep, Visitor, VisitorDep
from app.web.way import way_name

router = Router()


@router.post("/tanda-tangan/lewat")
async def post_act(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    visitor: FormVisitorDep,
    provider: Annotated[str, Form(max_length=40)],
) -> Response:
    """Prepare everything that is asked of the person now, in the provider's layout."""
    now, held = clock.now(), resources(request)
    ids = [one.id for one in signable(await list_owed(request, session, visitor, now=now))]
    if not ids:
        return RedirectResponse("/beranda", 303)
    wanted = RemoteCreate(obligation_ids=ids, provider=provider)
    opened = await acts.open_act(session, held.get(Ceremony), held.get(Providers), visitor.principal, wanted, now=now)
    return RedirectResponse(f"/tanda-tangan/lewat/{opened.id}", 303)


@router.get("/tanda-tangan/lewat/{act_id}")
async def read_act(
    act_id: UUID, request: Request, session: SessionDep, clock: ClockDep, visitor: VisitorDep
) -> Response:
    """The statements and the way to sign them; of an act whose end nobody knows, what to do about it."""
    now = clock.now()
    found = await acts.get_own(session, visitor.principal, act_id, lock=False)
    act = await _describe(request, session, found, now)
    if found.state == State.SIGNED:
        return RedirectResponse(f"/selesai/{act_id}", 303)
    if found.state == State.UNKNOWN:
        return await _unknown_page(request, session, visitor, found, act)
    if found.state not in {State.PREPARED, State.SENDING}:
        return RedirectResponse("/beranda", 303)
    if found.state == State.PREPARED and not act.expires_in:
        raise SessionExpired
    return render(
        request,
        "remote.html",
        visitor=visitor,
        act=act,
        employee=await asn.get_employee(session, found.employee_id),
        way=way_name(act.provider, language_of(request)),
        until=now + timedelta(seconds=act.expires_in) if act.expires_in else None,
    )


@router.post("/tanda-tangan/lewat/{act_id}/periksa")
async def post_check(act_id: UUID, request: Request, visitor: BriefFormVisitorDep) -> Response:
    """Ask the service again; the page then says what is known."""
    held = resources(request)
    try:
        await own.check_own(held, visitor.principal, act_id)
    except AppError as refusal:
        return await _refused(request, visitor, act_id, refusal)
    return RedirectResponse(f"/tanda-tangan/lewat/{act_id}", 303)


@router.post("/tanda-tangan/lewat/{act_id}/berkas")
async def post_file(
    act_id: UUID, request: Request, visitor: BriefFormVisitorDep, settings: SettingsDep, file: UploadFile
) -> Response:
    """Take the signed file; whether it is the right one, its bytes tell."""
    held = resources(request)
    try:
        data = await read_upload(file, settings.limits.verify_mb)
        await own.hand_in_own(held, visitor.principal, act_id, data)
    except AppError as refusal:
        return await _refused(request, visitor, act_id, refusal)
    return RedirectResponse(f"/tanda-tangan/lewat/{act_id}", 303)


async def _refused(request: Request, visitor: Visitor, act_id: UUID, refusal: AppError) -> Response:
    """The page of an unknown outcome with what was refused; any other page when the outcome is known by now."""
    held = resources(request)
    async with held.get(Database).transaction() as session:
        found = await acts.get_own(session, visitor.principal, act_id, lock=False)
        act = await _describe(request, session, found, held.get(Clock).now())  # type: ignore[type-abstract]
        if found.state != State.UNKNOWN:
            return RedirectResponse(f"/tanda-tangan/lewat/{act_id}", 303)
        return await _unknown_page(request, session, visitor, found, act, refusal)


async def _unknown_page(
    request: Request,
    session: Session,
    visitor: Visitor,
    signing: SigningSession,
    act: RemoteRead,
    refusal: AppError | None = None,
) -> Response:
    language = language_of(request)
    provider = resources(request).get(Providers).on.get(signing.provider)
    return render(
        request,
        "remote_uncertain.html",
        visitor=visitor,
        status=409 if refusal else 200,
        act=act,
        way=way_name(act.provider, language),
        takes_file=provider is not None and provider.traits.takes is Takes.FILE,
        checked_at=await own.last_checked(session, signing),
        problem=told(refusal, language) if refusal else "",
    )


async def _describe(request: Request, session: Session, signing: SigningSession, now: datetime) -> RemoteRead:
    held = resources(request)
    return await acts.describe(
        session, held.get(Ceremony), held.get(Providers), signing, now=now, language=language_of(request)
    )
