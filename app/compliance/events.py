"""Live figures as server-sent events (WHATWG HTML, 9.2): what a projector or a dashboard shows, inside a caller's scope."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi.responses import StreamingResponse

from app.compliance.live import LIVE, SECONDS_OF_A_STREAM, LiveFigures, Sight, see
from app.compliance.service import figures
from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal, Scope
from app.obligation.models import STATES

MEDIA_TYPE = "text/event-stream"
LAST_COMPLETED = 5
_RETRY = "retry: 2000\n\n"


def told(sight: Sight, scope: Scope) -> dict[str, Any]:
    """Return what an event says: the totals, how many agencies are complete, and the last of them, newest first."""
    own = [row for row in sight.agencies if scope.agencies is None or UUID(row.id) in scope.agencies]
    total = figures({state: sum(getattr(row, state) for row in own) for state in STATES})
    obliged = [row for row in own if row.signed + row.pending]
    complete = [row for row in obliged if not row.pending]
    newest = sorted(
        ((row.last_signed_at, row.name) for row in complete if row.last_signed_at is not None), reverse=True
    )
    return {
        "status": sight.status,
        "computed_at": sight.at.isoformat(),
        "closes_at": sight.closes_at.isoformat(),
        "total": total,
        "agencies": len(obliged),
        "complete": len(complete),
        "completed": [{"name": name, "at": at.isoformat()} for at, name in newest[:LAST_COMPLETED]],
    }


async def now_told(session: Session, actor: Principal, round_id: UUID, *, now: datetime) -> dict[str, Any]:
    """Return what an event would say at this moment, for a page that is shown before the first one comes."""
    actor.require(Permission.COMPLIANCE_READ)
    return told(await see(session, round_id, None, now), actor.scope)


async def stream(live: LiveFigures, round_id: UUID, scope: Scope, lasting: float) -> AsyncIterator[str]:
    """Yield events: `figures` now and after each change, at most one a second; a comment as a sign of life; `end` with the round."""
    yield _RETRY
    async for sight in live.sights(round_id, lasting=lasting):
        if sight is None:
            yield ": \n\n"
            continue
        body = json.dumps(told(sight, scope), ensure_ascii=False, separators=(",", ":"))
        yield f"id: {sight.version}\nevent: figures\ndata: {body}\n\n"
        if sight.status not in LIVE:
            yield "event: end\ndata: {}\n\n"


def answer(
    live: LiveFigures, round_id: UUID, scope: Scope, *, lasting: float = SECONDS_OF_A_STREAM
) -> StreamingResponse:
    """Return the stream as an answer no proxy keeps back."""
    live.require_room()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(live, round_id, scope, lasting), media_type=MEDIA_TYPE, headers=headers)
