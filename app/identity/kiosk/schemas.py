"""What kiosks take and give over the API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class KioskCreate(BaseModel):
    """A tablet of an OPD."""

    opd: UUID
    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$", examples=["Tablet aula lantai 1"])


class KioskRead(BaseModel):
    """A kiosk and what has become of it."""

    id: UUID
    opd: UUID
    name: str
    state: Literal["waiting", "active", "revoked", "expired"]
    created_at: datetime
    enrolled_at: datetime | None
    revoked_at: datetime | None


class KioskCreated(KioskRead):
    """A new kiosk with its one-use code, told once: it is typed at `url` on the tablet itself."""

    code: str
    url: str
    code_until: datetime
