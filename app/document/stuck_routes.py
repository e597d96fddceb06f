"""Signed documents that do not get on, over the API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Request, Response
from pydantic import BaseModel

from app.core.clock import local_day
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.core.texts import negotiate, text
from app.document.countersigning import service
from app.document.outside_stamps import shown

router = Router(tags=["countersigning"])


class StuckRead(BaseModel):
    """A signed document that does not get on: the cause as a stable code, what it means and what helps.

    `reason`: the official's words of what was left out; why no time-stamping authority answers; why nothing may follow the signature.
    """

    document_id: UUID
    agency_id: UUID
    employee_id: UUID
    name: str
    pledge: str
    state: str
    cause: str
    message: str
    since: datetime
    reason: str | None


@router.get("/rounds/{round_id}/stuck")
async def list_stuck(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    hours: Annotated[
        int, Query(ge=0, le=8760, description="How long an official may take before it counts as stuck.")
    ] = 72,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
    accept_language: Annotated[str | None, Header()] = None,
) -> list[StuckRead]:
    """List signed documents that wait for a head nobody recorded, were left out, or wait too long for note or seal."""
    parts = decode_cursor(cursor, 1)
    now = clock.now()
    found = await service.list_stuck(
        session,
        actor,
        round_id,
        hours=hours,
        today=local_day(now, settings.service.timezone),
        now=now,
        stamps=[shown(url) for url in settings.timestamps.addresses],
        after=uuid_part(parts[0]) if parts else None,
        limit=limit + 1,
    )
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].document_id))
    language = negotiate(accept_language)
    return [StuckRead(message=text(f"stuck.{row.cause}", language), **row._asdict()) for row in found]
