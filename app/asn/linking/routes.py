"""Suggested links of a roster import over the API."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.asn.linking import service
from app.asn.linking.schemas import LinkDecide, LinkRead
from app.core.http import ActorDep, ClockDep, SessionDep
from app.core.paging import CursorQuery, LimitQuery, link_next

router = APIRouter(prefix="/roster-imports/{import_id}/links", tags=["asn"])


@router.get("")
async def list_links(
    import_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[LinkRead]:
    """List new rows that may be somebody on the roster under another NIP, or without one: same name, same birth date."""
    links, following = await service.list_links(session, actor, import_id, cursor, limit)
    if following:
        link_next(request, response, following)
    return links


@router.put("", status_code=204)
async def decide(import_id: UUID, body: LinkDecide, session: SessionDep, actor: ActorDep, clock: ClockDep) -> None:
    """Say whether a row is that person; nobody is ever linked without this."""
    await service.decide(session, actor, import_id, body, now=clock.now())
