"""`/layar/{round}`: the projector's screen of a ceremony."""

from uuid import UUID

from fastapi import Request, Response

from app.compliance import events
from app.compliance.live import LiveFigures
from app.core.http import ClockDep, SessionDep, resources
from app.core.routing import Router
from app.pledge import service as pledge
from app.web.office import OfficeDep
from app.web.rendering import render

router = Router()


@router.get("/layar/{round_id}")
async def read_screen(
    round_id: UUID, request: Request, session: SessionDep, clock: ClockDep, office: OfficeDep
) -> Response:
    """Big figures that follow the signing; without JavaScript the page loads itself anew."""
    pledge_round = await pledge.read_round(session, office.principal, round_id)
    told = await events.now_told(session, office.principal, round_id, now=clock.now())
    return render(request, "screen.html", office=office, round=pledge_round, told=told, at=clock.now())


@router.get("/layar/{round_id}/kejadian")
async def read_events(round_id: UUID, request: Request, session: SessionDep, office: OfficeDep) -> Response:
    """The live figures of the screen, as `/rounds/{id}/events` gives them to programs."""
    await pledge.read_round(session, office.principal, round_id)
    return events.answer(resources(request).get(LiveFigures), round_id, office.principal.scope)
