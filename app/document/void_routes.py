"""Voiding over the API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field

from app.core.http import ActorDep, ClockDep, SessionDep, resources
from app.core.routing import Router
from app.document import voiding
from app.transparency.record import LogIdentity

router = Router(prefix="/documents", tags=["documents"])


class VoidCreate(BaseModel):
    """Why a document is voided: `ground` is what the public is told, `reason` stays with the administration."""

    reason: str = Field(min_length=5, max_length=1000, pattern=r"^[^\x00]*$")
    ground: Literal["wrong_template", "wrong_data", "wrong_person", "duplicate", "other"] = "other"


class VoidRead(BaseModel):
    """A voided document."""

    id: UUID
    code: str
    state: str
    voided_at: datetime
    void_ground: str
    void_reason: str


@router.post("/{document_id}/void")
async def void_document(
    document_id: UUID, body: VoidCreate, request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> VoidRead:
    """Void a signed document: nothing is deleted, the pledge is owed again, log and verification say so. Idempotent."""
    log = resources(request).get(LogIdentity)
    made = await voiding.void(session, actor, log, document_id, ground=body.ground, reason=body.reason, now=clock.now())
    return VoidRead.model_validate(made, from_attributes=True)
