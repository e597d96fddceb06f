"""Activations: what offices see of those that were issued and taken up, and the page behind "that was not me"."""

from typing import Annotated, NoReturn
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import Session
from app.core.errors import NotFound
from app.core.http import ClockDep, SessionDep, client_address, resources
from app.core.limits import Limits
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.routing import Router
from app.identity.access import service as access
from app.identity.origin import service
from app.identity.recovery import service as recovery
from app.identity.slips.code import SlipPress
from app.web.office import FormOfficeDep, OfficeDep
from app.web.pages.account import office_page
from app.web.rendering import render
from app.web.visitor import OwnOrigin

router = Router()
PAGE = 50
Reason = Annotated[str, Form(min_length=5, max_length=500, pattern=r"^[^\x00]*$")]


@router.get("/kantor/aktivasi")
async def read_activations(
    request: Request, session: SessionDep, office: OfficeDep, clock: ClockDep, cursor: CursorQuery = None
) -> Response:
    """Who waits for a second administrator; then what was taken up, newest first, fifty on a page."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else None
    found = list(await service.list_issued(session, office.principal, None, used=True, after=after, limit=PAGE + 1))
    older = encode_cursor(found[PAGE - 1].activation.id) if len(found) > PAGE else ""
    names = await access.names_by_id(session, {one.activation.issued_by for one in found[:PAGE]})
    shown = [service.told(one, names) for one in found[:PAGE]]
    held = await _held(session, office.principal, clock) if cursor is None else []
    return office_page(request, "activations.html", office, activations=shown, held=held, older=older)


@router.post("/kantor/aktivasi/{activation_id}")
async def post_contest(
    activation_id: UUID, session: SessionDep, office: FormOfficeDep, clock: ClockDep, reason: Reason
) -> Response:
    """Say that it was not its person."""
    await service.contest(session, office.principal, activation_id, reason, now=clock.now())
    return RedirectResponse("/kantor/aktivasi", 303)


@router.post("/kantor/aktivasi/orang/{employee_id}")
async def post_approval(employee_id: UUID, session: SessionDep, office: FormOfficeDep, clock: ClockDep) -> Response:
    """Let an account that is held sign."""
    await recovery.approve(session, office.principal, employee_id, now=clock.now())
    return RedirectResponse("/kantor/aktivasi", 303)


@router.get("/bukan-saya/{link}")
async def read_not_me(link: str, request: Request, session: SessionDep) -> Response:
    """Say what will happen, and ask once more."""
    press = resources(request).get(SlipPress)
    try:
        found = await service.find_by_link(session, press.secret, link)
    except NotFound:
        _count(request)
    return render(request, "not_me.html", done=found.contested_at is not None)


@router.post("/bukan-saya/{link}", dependencies=[OwnOrigin])
async def post_not_me(link: str, request: Request, session: SessionDep, clock: ClockDep) -> Response:
    """The account signs nothing more."""
    try:
        await service.contest_by_link(session, resources(request).get(SlipPress).secret, link, now=clock.now())
    except NotFound:
        _count(request)
    return render(request, "not_me.html", done=True)


def _count(request: Request) -> NoReturn:
    resources(request).get(Limits).login.take(client_address(request))
    raise NotFound


async def _held(session: Session, caller: Principal, clock: ClockDep) -> list[tuple[object, str, str]]:
    if not caller.may(Permission.RECOVERY_APPROVE):
        return []
    return list(await recovery.list_held(session, caller, None, PAGE, now=clock.now()))
