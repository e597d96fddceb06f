"""Four eyes over the API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import Request, Response

from app.core.http import ActorDep, ClockDep, SessionDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.identity.approval import service
from app.identity.approval.means import desk_of
from app.identity.approval.models import Approval
from app.identity.approval.schemas import ApprovalDecide, ApprovalDone, ApprovalRead

router = Router(prefix="/approvals", tags=["approvals"])


def read_approval(asked: Approval, now: datetime) -> ApprovalRead:
    """Return a request as it is told."""
    fields = {name: getattr(asked, name) for name in ApprovalRead.model_fields if name != "state"}
    return ApprovalRead(state=service.state_of(asked, now), **fields)


@router.get("")
async def list_approvals(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    state: Literal["waiting", "approved", "refused", "expired"] | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[ApprovalRead]:
    """List what waits, or waited, for a second administrator; newest first."""
    parts, now = decode_cursor(cursor, 1), clock.now()
    found = await service.list_approvals(
        session, actor, state, uuid_part(parts[0]) if parts else None, limit + 1, now=now
    )
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [read_approval(one, now) for one in found]


@router.post("/{approval_id}/approve")
async def approve(
    approval_id: UUID,
    body: ApprovalDecide,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
) -> ApprovalDone:
    """Approve: the act is carried out at once, as whoever asked for it."""
    response.headers["Cache-Control"] = "no-store"
    now = clock.now()
    asked, result = await desk_of(request).approve(session, actor, approval_id, body.reason, now=now)
    return ApprovalDone(approval=read_approval(asked, now), result=result)


@router.post("/{approval_id}/refuse")
async def refuse(
    approval_id: UUID,
    body: ApprovalDecide,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
) -> ApprovalRead:
    """Refuse: nothing is done. Whoever asked may take the request back this way."""
    now = clock.now()
    return read_approval(await desk_of(request).refuse(session, actor, approval_id, body.reason, now=now), now)
