"""An administrator's own account: take up an invitation, confirm with the passkey, see and end sessions and passkeys."""

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from app.core.http import ClockDep, SessionDep, SettingsDep
from app.core.routing import Router
from app.identity.accounts import joining, passkeys, sessions
from app.identity.accounts.errors import InvitationInvalid
from app.identity.accounts.means import count_unknown, idle
from app.web.office import FormOfficeDep, Office, OfficeDep
from app.web.rendering import render

router = Router()
PAGE = 100
_BACK = re.compile(r"/(?:dashboard|kantor|layar)(?:/[A-Za-z0-9.-]+)*(?:\?[A-Za-z0-9=&%.+_-]*)?")  # of these pages alone


def onward(path: str) -> str:
    """Return the page to go back to: one of the offices', or the own account."""
    return path if _BACK.fullmatch(path) and ".." not in path else "/kantor/sesi"


def office_page(request: Request, template: str, office: Office, /, *, status: int = 200, **more: Any) -> Response:
    """Return a page of somebody who came in."""
    return render(request, template, csrf=office.csrf, status=status, office=office, **more)


@router.get("/kantor/undangan/{code}")
async def read_invitation(code: str, request: Request, session: SessionDep, clock: ClockDep) -> Response:
    """Say who is invited as what, and offer to make the passkey."""
    try:
        invitation, account = await joining.find_invitation(session, code, now=clock.now())
    except InvitationInvalid:
        count_unknown(request)
        raise
    return render(request, "account_join.html", account=account, code=code, until=invitation.expires_at)


@router.get("/kantor/konfirmasi")
async def read_confirmation(
    request: Request, office: OfficeDep, lanjut: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """Ask for the passkey again, then go on."""
    if office.account is None:
        return RedirectResponse(onward(lanjut), 303)
    return office_page(request, "account_confirm.html", office, onward=onward(lanjut))


@router.get("/kantor/sesi")
async def read_sessions(
    request: Request, session: SessionDep, office: OfficeDep, clock: ClockDep, settings: SettingsDep
) -> Response:
    """The own account, where it is signed in, and its passkeys."""
    if office.account is None:
        return RedirectResponse("/dashboard", 303)
    found = await sessions.list_own(session, office.principal, None, PAGE, idle=idle(settings), now=clock.now())
    keys = await passkeys.list_passkeys(session, office.principal)
    return office_page(request, "account_sessions.html", office, account=office.account, sessions=found, passkeys=keys)


@router.post("/kantor/sesi/lain")
async def post_end_others(session: SessionDep, office: FormOfficeDep, clock: ClockDep) -> Response:
    """End every other session."""
    await sessions.end_others(session, office.principal, now=clock.now())
    return RedirectResponse("/kantor/sesi", 303)


@router.post("/kantor/sesi/{session_id}")
async def post_end(session_id: UUID, session: SessionDep, office: FormOfficeDep, clock: ClockDep) -> Response:
    """End one session."""
    await sessions.end_own(session, office.principal, session_id, now=clock.now())
    return RedirectResponse("/kantor/sesi", 303)


@router.post("/kantor/sesi/kunci/{passkey_id}")
async def post_remove(passkey_id: UUID, session: SessionDep, office: FormOfficeDep, clock: ClockDep) -> Response:
    """Remove a passkey."""
    await passkeys.remove_passkey(session, office.principal, passkey_id, now=clock.now())
    return RedirectResponse("/kantor/sesi", 303)
