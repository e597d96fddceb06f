"""What is told of access events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.identity.access.kinds import AccessKind


class AccessEventRead(BaseModel):
    """Who did or saw what, about whom, from where."""

    id: UUID
    at: datetime
    kind: AccessKind
    actor_id: UUID | None
    role: str
    subject_id: UUID | None
    address: str
    data: dict[str, Any]


class Unmask(BaseModel):
    """Why a whole NIP is needed."""

    reason: str = Field(min_length=5, max_length=500, pattern=r"^[^\x00]*$")


class UnmaskedNip(BaseModel):
    """A whole NIP."""

    employee_id: UUID
    nip: str
