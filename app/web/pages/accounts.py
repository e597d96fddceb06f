"""`/kantor/akun`: accounts of administrators, for whoever grants roles. Works without any script."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from app.core.approval import Act, Waiting, held_back
from app.core.db import Session
from app.core.errors import AppError
from app.core.http import ClockDep, SessionDep, SettingsDep
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.permission import Permission, Role
from app.core.problems import STATUS
from app.core.routing import Router
from app.core.texts import text
from app.identity.accounts import service
from app.identity.accounts.means import PressDep, idle, invitation_life
from app.identity.accounts.schemas import AccountCreate, AccountUpdate
from app.opd import service as opd
from app.opd.models import Unit
from app.web.office import FormOfficeDep, Office, OfficeDep
from app.web.pages.account import office_page
from app.web.rendering import language_of

router = Router()
PAGE = 50
ROLES = [role for role in Role if role is not Role.ASN]
Words = Annotated[str, Form(max_length=300)]
Chosen = Annotated[list[UUID] | None, Form()]


async def _agencies(session: Session, office: Office) -> list[Unit]:
    return await opd.list_agencies(session, office.principal)


@router.get("/kantor/akun")
async def read_accounts(
    request: Request, session: SessionDep, office: OfficeDep, cursor: CursorQuery = None
) -> Response:
    """Accounts, newest first, fifty on a page."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else None
    found = await service.list_accounts(session, office.principal, after, PAGE + 1)
    older = encode_cursor(found[PAGE - 1].id) if len(found) > PAGE else ""
    return office_page(request, "accounts.html", office, accounts=found[:PAGE], older=older)


@router.get("/kantor/akun/undang")
async def read_form(request: Request, session: SessionDep, office: OfficeDep) -> Response:
    """Ask whom to invite; the passkey is asked for before the form is filled in, not after."""
    office.require_confirmed(Permission.ROLE_GRANT)
    return _form(request, office, await _agencies(session, office), {}, "")


@router.post("/kantor/akun/undang")
async def post_invitation(
    request: Request,
    session: SessionDep,
    office: FormOfficeDep,
    press: PressDep,
    clock: ClockDep,
    settings: SettingsDep,
    name: Words = "",
    email: Words = "",
    role: Words = "",
    agencies: Chosen = None,
) -> Response:
    """Invite, and show the link once."""
    given = {"name": name.strip(), "email": email.strip(), "role": role, "agencies": agencies or None}
    known = await _agencies(session, office)
    try:
        wanted = AccountCreate.model_validate(given)
    except ValidationError:
        return _form(request, office, known, given, text("page.accounts.malformed", language_of(request)))
    data = wanted.model_dump(mode="json")
    if waiting := await held_back(request, session, office.principal, Act.ACCOUNT_INVITE, data):
        return _waits(request, office, waiting)
    life = invitation_life(settings)
    try:
        async with session.begin_nested():
            invited = await service.invite(session, office.principal, press, wanted, life=life, now=clock.now())
    except AppError as refused:
        if refused.code not in {"account.exists", "account.scope"}:
            raise
        return _form(request, office, known, given, _sentence(request, refused), STATUS[refused.kind])
    return _told(request, office, invited, press.url(invited.code))


@router.get("/kantor/akun/{account_id}")
async def read_account(
    account_id: UUID,
    request: Request,
    session: SessionDep,
    office: OfficeDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> Response:
    """One account: its role, its sessions, and what can be done about it."""
    account = await service.get_account(session, office.principal, account_id)
    found = await service.list_sessions_of(
        session, office.principal, account_id, None, PAGE, idle=idle(settings), now=clock.now()
    )
    return office_page(
        request,
        "account_detail.html",
        office,
        account=account,
        sessions=found,
        agencies=await _agencies(session, office),
        roles=ROLES,
        own=account.id == office.principal.id,
    )


@router.post("/kantor/akun/{account_id}/peran")
async def post_role(
    account_id: UUID,
    request: Request,
    session: SessionDep,
    office: FormOfficeDep,
    clock: ClockDep,
    role: Annotated[Role, Form()],
    agencies: Chosen = None,
) -> Response:
    """Give an account another role and scope."""
    wanted = AccountUpdate(role=role, agencies=agencies or None)
    data = {"account_id": str(account_id), "wanted": wanted.model_dump(mode="json")}
    if waiting := await held_back(request, session, office.principal, Act.ACCOUNT_GRANT, data):
        return _waits(request, office, waiting)
    await service.grant(session, office.principal, account_id, wanted, now=clock.now())
    return RedirectResponse(f"/kantor/akun/{account_id}", 303)


@router.post("/kantor/akun/{account_id}/undangan")
async def post_renewal(
    account_id: UUID,
    request: Request,
    session: SessionDep,
    office: FormOfficeDep,
    press: PressDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> Response:
    """Make a new link, and show it once."""
    if waiting := await held_back(
        request, session, office.principal, Act.ACCOUNT_RENEW, {"account_id": str(account_id)}
    ):
        return _waits(request, office, waiting)
    invited = await service.renew(
        session, office.principal, press, account_id, life=invitation_life(settings), now=clock.now()
    )
    return _told(request, office, invited, press.url(invited.code))


@router.post("/kantor/akun/{account_id}/tutup")
async def post_disable(account_id: UUID, session: SessionDep, office: FormOfficeDep, clock: ClockDep) -> Response:
    """Close an account at once."""
    await service.disable(session, office.principal, account_id, now=clock.now())
    return RedirectResponse(f"/kantor/akun/{account_id}", 303)


@router.post("/kantor/akun/{account_id}/sesi")
async def post_end(
    account_id: UUID,
    session: SessionDep,
    office: FormOfficeDep,
    clock: ClockDep,
    only: Annotated[UUID | None, Form()] = None,
) -> Response:
    """End an account's sessions, or one of them."""
    await service.end_sessions_of(session, office.principal, account_id, only, now=clock.now())
    return RedirectResponse(f"/kantor/akun/{account_id}", 303)


def _form(
    request: Request,
    office: Office,
    agencies: Sequence[Unit],
    given: Mapping[str, object],
    problem: str,
    status: int = 200,
) -> Response:
    status = 422 if problem and status == 200 else status
    return office_page(
        request,
        "account_invite.html",
        office,
        status=status,
        agencies=agencies,
        roles=ROLES,
        given={"name": "", "email": "", "role": "", "agencies": None, **given},
        problem=problem,
    )


def _told(request: Request, office: Office, invited: service.Invited, link: str) -> Response:
    return office_page(
        request, "account_invited.html", office, account=invited.account, link=link, until=invited.expires_at
    )


def _waits(request: Request, office: Office, waiting: Waiting) -> Response:
    return office_page(request, "approval_waits.html", office, status=202, until=waiting.expires_at)


def _sentence(request: Request, refused: AppError) -> str:
    language = language_of(request)
    return f"{text(refused.code, language)} {text(f'{refused.code}.remedy', language)}"
