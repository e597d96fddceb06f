"""Recovered accounts over the API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from app.core.http import ActorDep, ClockDep, SessionDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.identity.recovery import service

router = Router(prefix="/recoveries", tags=["recovery"])


class RecoveryRead(BaseModel):
    """An account that may not sign yet: it was recovered, its first activation asks for a second look, or it is contested.

    `until` null: not before an administrator has approved.
    """

    employee_id: UUID
    name: str
    unit: str
    issued_by: UUID
    cause: Literal["recovery", "risk", "contested"]
    since: datetime
    until: datetime | None


class ApprovalRead(BaseModel):
    """Who let a recovered account sign, and when."""

    employee_id: UUID
    approved_by: UUID | None
    approved_at: datetime | None


@router.get("")
async def list_recoveries(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[RecoveryRead]:
    """List accounts that wait for a day to pass or for a second administrator."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else None
    found = await service.list_held(session, actor, after, limit + 1, now=clock.now())
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1][0].employee_id))
    return [
        RecoveryRead(
            employee_id=hold.employee_id,
            name=name,
            unit=unit,
            issued_by=hold.issued_by,
            cause=hold.cause,
            since=hold.since,
            until=hold.until,
        )
        for hold, name, unit in found
    ]


@router.post("/{employee_id}/approval")
async def approve_recovery(employee_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> ApprovalRead:
    """Let an account that is held sign; never for who issued its activation, and a contested one only by who sees the whole service."""
    hold = await service.approve(session, actor, employee_id, now=clock.now())
    return ApprovalRead(employee_id=employee_id, approved_by=hold.approved_by, approved_at=hold.approved_at)
