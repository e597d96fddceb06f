"""Rounds over the API; opening a round is the obligation's, because it fixes who must sign."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import Request, Response

from app.core.approval import Act, Waiting, held_back
from app.core.db import Session
from app.core.http import ActorDep, ClockDep, SessionDep, resources
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.pledge import service, template_routes
from app.pledge.models import PledgeRound
from app.pledge.schemas import RoundCreate, RoundPledgeRead, RoundRead, RoundUpdate
from app.transparency.record import LogIdentity

router = Router(tags=["rounds"])
router.include_router(template_routes.router)


async def read_rounds(session: Session, rounds: Sequence[PledgeRound]) -> list[RoundRead]:
    """Return rounds with their texts."""
    pledges = await service.pledges_of(session, [r.id for r in rounds])
    return [
        RoundRead.model_validate(
            {
                **{name: getattr(r, name) for name in RoundRead.model_fields if name != "pledges"},
                "pledges": [
                    RoundPledgeRead(pledge=p.pledge, template_version_id=p.template_version_id)
                    for p in pledges
                    if p.round_id == r.id
                ],
            }
        )
        for r in rounds
    ]


@router.post("/rounds", status_code=201)
async def create_round(body: RoundCreate, session: SessionDep, actor: ActorDep, clock: ClockDep) -> RoundRead:
    """Create a round as a draft."""
    made = await service.create_round(session, actor, body, now=clock.now())
    return (await read_rounds(session, [made]))[0]


@router.get("/rounds")
async def list_rounds(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> list[RoundRead]:
    """List rounds, newest first."""
    parts = decode_cursor(cursor, 1)
    rounds = await service.list_rounds(session, actor, limit + 1, uuid_part(parts[0]) if parts else None)
    if len(rounds) > limit:
        rounds = rounds[:limit]
        link_next(request, response, encode_cursor(rounds[-1].id))
    return await read_rounds(session, rounds)


@router.get("/rounds/{round_id}")
async def get_round(round_id: UUID, session: SessionDep, actor: ActorDep) -> RoundRead:
    """Read a round."""
    return (await read_rounds(session, [await service.read_round(session, actor, round_id)]))[0]


@router.patch("/rounds/{round_id}")
async def update_round(
    round_id: UUID, body: RoundUpdate, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> RoundRead:
    """Change a draft: its days, its paper, and who takes part. Once it opens, all of this is frozen."""
    return (await read_rounds(session, [await service.update_round(session, actor, round_id, body, now=clock.now())]))[
        0
    ]


@router.post(
    "/rounds/{round_id}/close",
    responses={202: {"model": Waiting, "description": "A second administrator must approve."}},
)
async def close_round(
    round_id: UUID, request: Request, response: Response, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> RoundRead | Waiting:
    """Close an open round."""
    if waiting := await held_back(request, session, actor, Act.ROUND_CLOSE, {"round_id": str(round_id)}):
        response.status_code = 202
        return waiting
    log = resources(request).get(LogIdentity)
    return (await read_rounds(session, [await service.close_round(session, actor, log, round_id, now=clock.now())]))[0]
