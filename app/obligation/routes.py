"""Obligations over the API, and the opening of a round, which fixes them."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from app.asn import service as asn
from app.core.approval import Act, Waiting, held_back
from app.core.http import ActorDep, SessionDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.routing import Router
from app.obligation import service
from app.obligation.models import Obligation, Participant
from app.obligation.schemas import Decline, MyObligation, Owed, ParticipantRead
from app.pledge.models import PledgeRound

router = Router(tags=["obligations"])


@router.post("/rounds/{round_id}/open", status_code=202)
async def open_round(
    round_id: UUID, request: Request, session: SessionDep, actor: ActorDep
) -> dict[str, str] | Waiting:
    """Open a round: its texts and its denominator are frozen by a job; poll the round until it is `open`.

    Where a second administrator has to approve, the answer says what waits (`approval_id`) instead.
    """
    if waiting := await held_back(request, session, actor, Act.ROUND_OPEN, {"round_id": str(round_id)}):
        return waiting
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
            declined_at=owed.declined_at,
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
    declined: bool = False,
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
        declined=declined,
        after=(parts[0], uuid_part(parts[1])) if parts else None,
    )
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].name, found[-1].employee_id))
    owed = await service.obligations_of(session, round_id, [p.employee_id for p in found])
    return [_read(actor, p, owed.get(p.employee_id, [])) for p in found]


def _read(actor: Principal, person: Participant, obligations: Sequence[Obligation]) -> ParticipantRead:
    """Show a person as the caller may see them: the reason of a decline only to who sees the whole NIP."""
    whole = actor.may(Permission.NIP_READ)
    computed = {"nip", "declined", "obligations"}
    fields = {name: getattr(person, name) for name in ParticipantRead.model_fields if name not in computed}
    shown = [
        Decline(pledge=o.pledge, at=o.declined_at, reason=o.declined_reason if whole else None)
        for o in obligations
        if o.declined_at is not None
    ]
    owed = [Owed.model_validate(o, from_attributes=True) for o in obligations]
    return ParticipantRead(nip=asn.shown_nip(actor, person.nip), obligations=owed, declined=shown, **fields)
