"""An official's review: what waits for their note, what is left out and why, and the way into the one act of signing."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import Session
from app.core.http import ClockDep, SessionDep, resources
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.routing import Router
from app.signing import countersigning
from app.signing.sessions import Ceremony
from app.web.rendering import render
from app.web.visitor import FormVisitorDep, VisitorDep

router = Router()
PAGE = 300  # pledges in one act
SHORTEST = 3  # characters of a reason

Documents = Annotated[list[UUID], Form(max_length=500, default_factory=list)]
Reasons = Annotated[list[Annotated[str, Form(max_length=500)]], Form(max_length=500, default_factory=list)]


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
    shown = found[:PAGE]
    chosen = sum(one.document.left_out_at is None for one in shown)
    return render(request, "noting.html", visitor=visitor, waiting=shown, chosen=chosen, more=more)


@router.post("/mengetahui")
async def post_chosen(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    visitor: FormVisitorDep,
    document: Documents,
    listed: Documents,
) -> Response:
    """Go on to reading and signing what was chosen; of what was listed and not chosen the reasons are asked first.

    What was left out before is not `listed`: its reason is known.
    """
    if left := list(dict.fromkeys(one for one in listed if one not in set(document))):
        return await _ask_reasons(request, session, clock, visitor, document, left)
    return await _open(request, session, clock, visitor, document)


@router.post("/mengetahui/keluarkan")
async def post_left_out(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    visitor: FormVisitorDep,
    left: Documents,
    reason: Reasons,
    document: Documents,
) -> Response:
    """Leave out what was not chosen, each with its reason or else the first one's, then go on with the rest."""
    told = [one.replace("\0", "").strip() for one in reason]
    told = [one or told[0] for one in told]
    if len(told) != len(left) or any(len(one) < SHORTEST for one in told):
        return await _ask_reasons(request, session, clock, visitor, document, left, told=told, problem=True)
    ceremony, grouped = resources(request).get(Ceremony), dict[str, list[UUID]]()
    for one, why in zip(left, told, strict=True):
        grouped.setdefault(why, []).append(one)
    for why, ids in grouped.items():
        await countersigning.leave_out(session, ceremony, visitor.principal, ids, why, now=clock.now())
    return await _open(request, session, clock, visitor, document)


async def _ask_reasons(
    request: Request,
    session: Session,
    clock: ClockDep,
    visitor: FormVisitorDep,
    document: list[UUID],
    left: list[UUID],
    *,
    told: list[str] | None = None,
    problem: bool = False,
) -> Response:
    if not left:
        return RedirectResponse("/mengetahui", 303)
    ceremony = resources(request).get(Ceremony)
    found = await countersigning.get_waiting(session, ceremony, visitor.principal, left, now=clock.now())
    given = dict(zip(left, told or [], strict=False))
    return render(
        request,
        "noting_leave.html",
        status=422 if problem else 200,
        visitor=visitor,
        left=[(one, given.get(one.document.id, "")) for one in found],
        document=document,
        problem=problem,
    )


async def _open(
    request: Request, session: Session, clock: ClockDep, visitor: FormVisitorDep, document: list[UUID]
) -> Response:
    if not document:
        return RedirectResponse("/mengetahui", 303)
    ceremony = resources(request).get(Ceremony)
    opened = await countersigning.open_session(session, ceremony, visitor.principal, document, now=clock.now())
    return RedirectResponse(f"/tanda-tangan/{opened.signing.id}", 303)
