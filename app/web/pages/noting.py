"""An official's review: what waits for their note, what is left out and why, and the way into the one act of signing."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.http import ClockDep, SessionDep, resources
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.routing import Router
from app.signing import countersigning
from app.signing.sessions import Ceremony
from app.web.rendering import render
from app.web.visitor import FormVisitorDep, VisitorDep

router = Router()
PAGE = 300  # pledges in one act

Chosen = Annotated[list[UUID], Form(max_length=500, default_factory=list)]


@router.get("/mengetahui")
async def read_list(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    visitor: VisitorDep,
    cursor: CursorQuery = None,
) -> Response:
    """What waits, oldest first, each to be opened; all are chosen but those that were left out."""
    parts = decode_cursor(cursor, 1)
    ceremony = resources(request).get(Ceremony)
    found = await countersigning.list_waiting(
        session,
        ceremony,
        visitor.principal,
        left_out=None,
        after=uuid_part(parts[0]) if parts else None,
        limit=PAGE + 1,
        now=clock.now(),
    )
    more = encode_cursor(found[PAGE - 1].document.id) if len(found) > PAGE else ""
    return render(request, "noting.html", visitor=visitor, waiting=found[:PAGE], more=more)


@router.post("/mengetahui")
async def post_session(
    request: Request, session: SessionDep, clock: ClockDep, visitor: FormVisitorDep, document: Chosen
) -> Response:
    """Prepare the notes on what was chosen; reading and signing go on as for every act."""
    if not document:
        return RedirectResponse("/mengetahui", 303)
    ceremony = resources(request).get(Ceremony)
    opened = await countersigning.open_session(session, ceremony, visitor.principal, document, now=clock.now())
    return RedirectResponse(f"/tanda-tangan/{opened.signing.id}", 303)


@router.post("/mengetahui/keluarkan")
async def post_left_out(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    visitor: FormVisitorDep,
    document: Chosen,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Leave out what was chosen; without a reason, or with nothing chosen, nothing changes."""
    reason = reason.replace("\0", "").strip()
    if document and len(reason) >= 3:
        ceremony = resources(request).get(Ceremony)
        await countersigning.leave_out(session, ceremony, visitor.principal, document, reason, now=clock.now())
    return RedirectResponse("/mengetahui", 303)
