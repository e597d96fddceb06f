"""Riwayat akses: what happened to one's account, and who looked at one's data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request, Response

from app.core.http import SessionDep
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.routing import Router
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.web.rendering import render
from app.web.visitor import Visitor, VisitorDep

router = Router()
PAGE = 50
WARNING = {AccessKind.ACTIVATION_REFUSED, AccessKind.LOGIN_REFUSED, AccessKind.RECOVERED, AccessKind.NIP_UNMASKED}


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
    request: Request, session: SessionDep, visitor: VisitorDep, cursor: CursorQuery = None
) -> Response:
    """Newest first, fifty on a page."""
    parts = decode_cursor(cursor, 1)
    found = await access.list_own(session, visitor.principal, uuid_part(parts[0]) if parts else None, PAGE + 1)
    older = encode_cursor(found[PAGE - 1].id) if len(found) > PAGE else ""
    events = [_shown(event, visitor) for event in found[:PAGE]]
    return render(request, "access.html", visitor=visitor, events=events, older=older)


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
