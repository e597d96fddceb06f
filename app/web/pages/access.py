"""Riwayat akses: where one is signed in, what happened to one's account, and who looked at one's data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.core.http import ClockDep, SessionDep, SettingsDep
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.routing import Router
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.browser.edge import browser_of
from app.identity.stay import service as stay
from app.web.rendering import render
from app.web.visitor import FormVisitorDep, Visitor, VisitorDep

router = Router()
PAGE = 50
PLACES = 100
WARNING = {
    AccessKind.ACTIVATION_CONTESTED,
    AccessKind.ACTIVATION_HELD,
    AccessKind.ACTIVATION_REFUSED,
    AccessKind.LOGIN_REFUSED,
    AccessKind.NIP_UNMASKED,
    AccessKind.RECOVERED,
}


@dataclass(frozen=True)
class Shown:
    """One event as the page shows it; the network address only of what somebody did as this person."""

    kind: str
    at: datetime
    by: str
    address: str
    reason: str
    warns: bool


@router.get("/riwayat-akses")
async def read_history(
    request: Request,
    session: SessionDep,
    visitor: VisitorDep,
    clock: ClockDep,
    settings: SettingsDep,
    cursor: CursorQuery = None,
) -> Response:
    """Where one is signed in; then what happened, newest first, fifty on a page."""
    parts = decode_cursor(cursor, 1)
    found = await access.list_own(session, visitor.principal, uuid_part(parts[0]) if parts else None, PAGE + 1)
    older = encode_cursor(found[PAGE - 1].id) if len(found) > PAGE else ""
    events = [_shown(event, visitor) for event in found[:PAGE]]
    places = []
    if cursor is None:
        places = await stay.list_own(session, visitor.principal, settings.sessions, None, PLACES, now=clock.now())
    return render(request, "access.html", visitor=visitor, events=events, older=older, places=places)


@router.post("/riwayat-akses/sesi/lain")
async def post_end_others(request: Request, session: SessionDep, visitor: FormVisitorDep, clock: ClockDep) -> Response:
    """End every other session."""
    await stay.end_others(session, visitor.principal, browser_of(request), now=clock.now())
    return RedirectResponse("/riwayat-akses", 303)


@router.post("/riwayat-akses/sesi/{session_id}")
async def post_end(session_id: UUID, session: SessionDep, visitor: FormVisitorDep, clock: ClockDep) -> Response:
    """End one session."""
    await stay.end_own(session, visitor.principal, session_id, now=clock.now())
    return RedirectResponse("/riwayat-akses", 303)


def _shown(event: Any, visitor: Visitor) -> Shown:
    own = event.actor_id == visitor.login.employee_id
    return Shown(
        kind=event.kind,
        at=event.at,
        by="self" if own else event.role or "unknown",
        address=event.address if own or not event.role else "",
        reason=str(event.data.get("reason", "")),
        warns=event.kind in WARNING,
    )
