"""Activations that were issued and taken up, over the API."""

from uuid import UUID

from fastapi import Request, Response

from app.core.http import ActorDep, ClockDep, SessionDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.identity.access import service as access
from app.identity.origin import service
from app.identity.origin.schemas import ActivationRead, Contest, Contested

router = Router(prefix="/activations", tags=["identity"])


@router.get("")
async def list_activations(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    employee: UUID | None = None,
    used: bool | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[ActivationRead]:
    """List links and slips, newest first: who issued each for whom, and whether, when and from where it was taken up."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else None
    found = list(await service.list_issued(session, actor, employee, used, after, limit + 1))
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].activation.id))
    names = await access.names_by_id(session, {one.activation.issued_by for one in found})
    return [service.told(one, names) for one in found]


@router.post("/{activation_id}/contest")
async def contest_activation(
    activation_id: UUID, body: Contest, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> Contested:
    """Say that it was not its person who took it up: their account signs nothing more, and their sessions end."""
    found = await service.contest(session, actor, activation_id, body.reason, now=clock.now())
    return Contested(activation_id=found.id, employee_id=found.employee_id, contested_at=found.contested_at)
