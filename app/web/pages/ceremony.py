"""Read, confirm, sign; and the receipt. The protocol itself is spoken by `static/ceremony.js` with the API."""

from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.core.http import ClockDep, SessionDep, resources
from app.core.routing import Router
from app.document.countersigning import service as noting
from app.signing import sessions
from app.signing.covering import ActKind
from app.signing.errors import SessionExpired
from app.signing.sessions import Ceremony
from app.signing.states import State
from app.web.pages.home import list_owed, signable
from app.web.rendering import render
from app.web.visitor import FormVisitorDep, VisitorDep

router = Router()


@router.post("/tanda-tangan")
async def post_session(request: Request, session: SessionDep, clock: ClockDep, visitor: FormVisitorDep) -> Response:
    """Prepare everything that is asked of the person now."""
    now = clock.now()
    owed = await list_owed(request, session, visitor, now=now)
    ids = [one.id for one in signable(owed)]
    if not ids:
        return RedirectResponse("/beranda", 303)
    ceremony = resources(request).get(Ceremony)
    opened = await sessions.open_session(session, ceremony, visitor.principal, ids, now=now)
    return RedirectResponse(f"/tanda-tangan/{opened.signing.id}", 303)


@router.get("/tanda-tangan/{session_id}")
async def read_session(
    session_id: UUID, request: Request, session: SessionDep, clock: ClockDep, visitor: VisitorDep
) -> Response:
    """The statements as text with pictures of the exact pages, one after the other, then the act of signing."""
    now = clock.now()
    found = await sessions.get_own(session, visitor.principal, session_id, lock=False)
    if found.state == State.SIGNED:
        return RedirectResponse(f"/selesai/{session_id}", 303)
    if found.state in {State.ABANDONED, State.DECLINED}:
        return RedirectResponse("/beranda", 303)
    if now > found.expires_at:
        raise SessionExpired
    ceremony = resources(request).get(Ceremony)
    described = await sessions.describe(session, ceremony, await sessions.load(session, found), now=now)
    return render(request, "signing.html", visitor=visitor, signing=described, until=found.expires_at)


@router.get("/selesai/{session_id}")
async def read_receipt(session_id: UUID, request: Request, session: SessionDep, visitor: VisitorDep) -> Response:
    """The receipt of an act: what, when, the QR codes, the files."""
    found = await sessions.get_own(session, visitor.principal, session_id, lock=False, elsewhere=True)
    if found.state != State.SIGNED:
        way = "" if found.provider == sessions.DEVICE else "lewat/"
        return RedirectResponse(f"/tanda-tangan/{way}{session_id}", 303)
    shelf = resources(request).get(Ceremony).shelf
    covered = await sessions.covered_documents(session, found)
    titles = [(await shelf.text(session, one.round_id, one.pledge)).title for one in covered]
    noted = found.kind == ActKind.COUNTERSIGN
    people = await noting.names_of(session, [one.id for one in covered]) if noted else {}
    return render(
        request,
        "receipt.html",
        visitor=visitor,
        signed_at=found.signed_at,
        documents=list(zip(titles, covered, strict=True)),
        people=people,
    )
