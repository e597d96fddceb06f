"""What is told of activations, and asked of whoever contests one."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class ActivationRead(BaseModel):
    """An activation: who issued it for whom, and who, where and when took it up.

    `risk` says why a second administrator had to look at it: it was taken up where an office signs in (`office`), where many others had
    taken theirs up (`crowd`), or its person cannot be told (`unreachable`).
    """

    id: UUID
    employee_id: UUID
    name: str
    unit: str
    kind: Literal["link", "slip"]
    issued_by: UUID
    issued_by_name: str
    issued_role: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    settled_at: datetime | None
    used_address: str | None
    risk: Literal["office", "crowd", "unreachable"] | None
    contested_at: datetime | None


class Contest(BaseModel):
    """Why somebody says that it was not its person."""

    reason: str = Field(min_length=5, max_length=500, pattern=r"^[^\x00]*$")


class Contested(BaseModel):
    """An activation that is contested: its person's account signs nothing until an administrator of the whole service has looked."""

    activation_id: UUID
    employee_id: UUID
    contested_at: datetime | None
