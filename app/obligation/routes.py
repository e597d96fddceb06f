"""Obligations over the API, and the opening of a round, which fixes them."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.asn import service as asn
from app.core.http import ActorDep, SessionDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.obligation import service
from app.obligation.schemas import MyObligation, ParticipantRead
from app.pledge.models import PledgeRound

router = APIRouter(tags=["obligations"])


@router.post("/rounds/{round_id}/open", status_code=202)
async def open_round(round_id: UUID, session: SessionDep, actor: ActorDep) -> dict[str, str]:
    """Open a round: its texts and its denominator are frozen by a job; poll the round until it is `open`."""
    opening: PledgeRound = await service.open_round(session, actor, round_id)
    return {"id": str(opening.id), "status": opening.status}


@router.get("/me/obligations")
async def list_mine(session: SessionDep, actor: ActorDep) -> list[MyObligation]:
    """List what the caller owes and has signed."""
    return [
        MyObligation(
            id=owed.id,
            round_id=owed.round_id,
            round=pledge_round.title,
            pledge=owed.pledge,
            state=owed.state,
            closes_at=pledge_round.closes_at,
            document_id=owed.document_id,
            signed_at=owed.signed_at,
        )
        for owed, pledge_round in await service.list_mine(session, actor)
    ]


@router.get("/rounds/{round_id}/obligations")
async def list_participants(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    state: Literal["pending", "signed", "deferred", "exempt", "left"] | None = None,
    opd: UUID | None = None,
    unit: UUID | None = None,
    q: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[ParticipantRead]:
    """List people of a round by name, inside the caller's scope."""
    parts = decode_cursor(cursor, 2)
    found = await service.list_participants(
        session,
        actor,
        round_id,
        limit + 1,
        state=state,
        agency_id=opd,
        unit_id=unit,
        search=q,
        after=(parts[0], uuid_part(parts[1])) if parts else None,
    )
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].name, found[-1].employee_id))
    people = [ParticipantRead.model_validate(p, from_attributes=True) for p in found]
    return [p.model_copy(update={"nip": asn.shown_nip(actor, p.nip)}) for p in people]
