"""Who has not signed, over the API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from app.compliance.outstanding import service
from app.compliance.outstanding.schemas import OutstandingRead
from app.core.http import ActorDep, SessionDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router

router = Router(prefix="/rounds", tags=["compliance"])


@router.get("/{round_id}/outstanding")
async def list_outstanding(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    opd: UUID | None = None,
    unit: UUID | None = None,
    q: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    reachable: Annotated[bool | None, Query(description="Only people who have (or lack) a way to sign.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[OutstandingRead]:
    """List who has not signed, by agency and name, and whether there is a way to sign at all."""
    parts = decode_cursor(cursor, 3)
    found = await service.list_outstanding(
        session,
        actor,
        round_id,
        limit + 1,
        agency_id=opd,
        unit_id=unit,
        search=q,
        reachable=reachable,
        after=(uuid_part(parts[0]), parts[1], uuid_part(parts[2])) if parts else None,
    )
    if len(found) > limit:
        found = found[:limit]
        last = found[-1]
        link_next(request, response, encode_cursor(last.agency_id, last.name, last.employee_id))
    return found
