"""Access events over the API, and the one way to a masked NIP."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import AwareDatetime

from app.core.http import ActorDep, ClockDep, SessionDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.identity.access import service
from app.identity.access.filters import Filters
from app.identity.access.kinds import AccessKind
from app.identity.access.schemas import AccessEventRead, Unmask, UnmaskedNip
from app.identity.models import AccessEvent

router = Router(tags=["access"])


@router.get("/access-events")
async def list_events(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    kind: AccessKind | None = None,
    by: Annotated[UUID | None, Query(description="The person or token that acted.")] = None,
    about: Annotated[UUID | None, Query(description="The person it is about.")] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[AccessEventRead]:
    """Who did or saw what, newest first."""
    filters = Filters(kind.value if kind else None, by, about, since, until)
    found = await service.list_events(session, actor, filters, _after(cursor), limit + 1)
    return _page(request, response, found, limit)


@router.get("/me/access-events")
async def list_own_events(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[AccessEventRead]:
    """What was done with your account, and who looked at your data; newest first."""
    return _page(request, response, await service.list_own(session, actor, _after(cursor), limit + 1), limit)


@router.post("/employees/{employee_id}/nip-unmaskings", status_code=201)
async def unmask_nip(
    employee_id: UUID, body: Unmask, session: SessionDep, actor: ActorDep, clock: ClockDep, response: Response
) -> UnmaskedNip:
    """Return a person's whole NIP; who asked and why is written down and shown to the person."""
    response.headers["Cache-Control"] = "no-store"
    nip = await service.unmask(session, actor, employee_id, body.reason, now=clock.now())
    return UnmaskedNip(employee_id=employee_id, nip=nip)


def _after(cursor: str | None) -> UUID | None:
    parts = decode_cursor(cursor, 1)
    return uuid_part(parts[0]) if parts else None


def _page(request: Request, response: Response, found: Sequence[AccessEvent], limit: int) -> list[AccessEventRead]:
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [AccessEventRead.model_validate(event, from_attributes=True) for event in found]
