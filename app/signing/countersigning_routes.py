"""Countersigning over the API: the list, what is left out, and the act; its further steps are those of every signing session."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from app.core.http import ActorDep, ClockDep, SessionDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.document import service as documents
from app.signing import countersigning, sessions
from app.signing.routes import CeremonyDep
from app.signing.schemas import CountersigningCreate, SessionRead

router = Router(tags=["countersigning"])


class CountersigningRead(BaseModel):
    """A pledge that waits for the caller's note."""

    document_id: UUID
    round_id: UUID
    pledge: str
    title: str
    name: str
    nip: str
    unit: str
    signed_at: datetime
    left_out_at: datetime | None
    left_out_reason: str | None


class LeaveOut(BaseModel):
    """Which pledges the caller will not take note of, and why."""

    document_ids: list[UUID] = Field(min_length=1, max_length=500)
    reason: str = Field(min_length=3, max_length=500, pattern=r"^[^\x00]*$")


@router.get("/me/countersignings")
async def list_countersignings(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    clock: ClockDep,
    left_out: Annotated[bool | None, Query(description="Only what was left out, or only what was not.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[CountersigningRead]:
    """List what waits for the caller as a head of an agency, oldest first; nobody else has anything here."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else None
    found = await countersigning.list_waiting(
        session, ceremony, actor, left_out=left_out, after=after, limit=limit + 1, now=clock.now()
    )
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].document.id))
    return [
        CountersigningRead(
            document_id=waiting.document.id,
            title=await documents.title(session, ceremony.shelf, waiting.document),
            name=waiting.name,
            nip=waiting.nip,
            unit=waiting.unit,
            **{
                name: getattr(waiting.document, name)
                for name in ("round_id", "pledge", "signed_at", "left_out_at", "left_out_reason")
            },
        )
        for waiting in found
    ]


@router.post("/me/countersignings/left-out")
async def post_left_out(
    body: LeaveOut, session: SessionDep, actor: ActorDep, ceremony: CeremonyDep, clock: ClockDep
) -> dict[str, int]:
    """Leave pledges out with a reason; they wait on and the administration sees why."""
    now = clock.now()
    return {
        "left_out": await countersigning.leave_out(session, ceremony, actor, body.document_ids, body.reason, now=now)
    }


@router.post("/me/countersigning-sessions", status_code=201)
async def open_session(
    body: CountersigningCreate, session: SessionDep, actor: ActorDep, ceremony: CeremonyDep, clock: ClockDep
) -> SessionRead:
    """Prepare the caller's note on many pledges in one act; it goes on at /me/signing-sessions/{id}."""
    now = clock.now()
    opened = await countersigning.open_session(session, ceremony, actor, body.document_ids, now=now)
    return await sessions.describe(session, ceremony, opened, now=now)
