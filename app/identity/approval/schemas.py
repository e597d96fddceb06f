"""What four eyes takes and gives over the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.approval import Act


class ApprovalDecide(BaseModel):
    """Why it is approved or refused."""

    reason: str = Field(min_length=5, max_length=500, pattern=r"^[^\x00]*$")


class ApprovalRead(BaseModel):
    """An act that waits, or waited, for a second administrator. `state` is waiting, approved, refused or expired."""

    id: UUID
    act: Act
    data: dict[str, Any]
    about: str
    state: str
    asked_by: UUID
    asked_name: str
    asked_at: datetime
    expires_at: datetime
    decided_by: UUID | None
    decided_name: str | None
    decided_at: datetime | None
    reason: str | None


class ApprovalDone(BaseModel):
    """A request that was approved, and what came of the act."""

    approval: ApprovalRead
    result: dict[str, Any]
