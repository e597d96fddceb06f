"""Saying no: why, once more to be sure, and what becomes of it. Works without any script."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import Session
from app.core.http import ClockDep, SessionDep, resources
from app.core.routing import Router
from app.signing import sessions
from app.signing.covering import ActKind
from app.signing.models import SigningSession
from app.signing.sessions import Ceremony
from app.signing.states import State
from app.web.rendering import render
from app.web.visitor import FormVisitorDep, Visitor, VisitorDep

router = Router()
SHORTEST, LONGEST = 3, 500  # characters of a reason
OPEN = (State.PREPARED, State.CERTIFIED)


@router.get("/tanda-tangan/{session_id}/menolak")
async def read_decline(session_id: UUID, request: Request, session: SessionDep, visitor: VisitorDep) -> Response:
    """Ask why; afterwards, say what becomes of it."""
    found = await sessions.get_own(session, visitor.principal, session_id, lock=False, elsewhere=True)
    if found.kind != ActKind.SIGN:
        return RedirectResponse("/mengetahui", 303)
    if found.state == State.DECLINED:
        return render(request, "declined.html", visitor=visitor)
    if found.state not in OPEN:
        return RedirectResponse("/beranda", 303)
    return await _page(request, session, visitor, found)


@router.post("/tanda-tangan/{session_id}/menolak")
async def post_decline(
    session_id: UUID,
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    visitor: FormVisitorDep,
    reason: Annotated[str, Form(max_length=4 * LONGEST)] = "",
    step: Literal["ask", "change", "send"] = Form("ask"),
) -> Response:
    """Show the reason once more, then take it."""
    found = await sessions.get_own(session, visitor.principal, session_id, lock=True, elsewhere=True)
    reason = "\n".join(reason.replace("\0", "").split("\r\n")).strip()
    if not SHORTEST <= len(reason) <= LONGEST:
        return await _page(request, session, visitor, found, reason=reason, problem=True)
    if step == "send":
        await sessions.decline(session, found, reason, now=clock.now())
        return RedirectResponse(f"/tanda-tangan/{session_id}/menolak", 303)
    return await _page(request, session, visitor, found, reason=reason, sure=step == "ask")


async def _page(
    request: Request,
    session: Session,
    visitor: Visitor,
    signing: SigningSession,
    *,
    reason: str = "",
    sure: bool = False,
    problem: bool = False,
) -> Response:
    shelf = resources(request).get(Ceremony).shelf
    covered = await sessions.covered_documents(session, signing)
    return render(
        request,
        "decline.html",
        status=422 if problem else 200,
        visitor=visitor,
        signing_id=signing.id,
        back=f"/tanda-tangan/{'' if signing.provider == sessions.DEVICE else 'lewat/'}{signing.id}",
        titles=[(await shelf.text(session, one.round_id, one.pledge)).title for one in covered],
        reason=reason,
        sure=sure,
        problem=problem,
        longest=LONGEST,
    )
