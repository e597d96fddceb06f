"""The transparency log for people: its newest checkpoint, and how to audit it."""

from fastapi import Request, Response

from app.core.errors import NotFound
from app.core.http import SessionDep, resources
from app.core.routing import Router
from app.transparency import service as transparency
from app.transparency.record import LogIdentity
from app.web.rendering import render
from app.web.visitor import MaybeVisitorDep

router = Router()


@router.get("/log")
async def read_log(request: Request, session: SessionDep, visitor: MaybeVisitorDep) -> Response:
    """The newest checkpoint and the key it verifies under."""
    try:
        checkpoint = await transparency.newest_checkpoint(session)
    except NotFound:
        checkpoint = None
    key = resources(request).get(LogIdentity).key
    return render(request, "log.html", visitor=visitor, checkpoint=checkpoint, key=key)
