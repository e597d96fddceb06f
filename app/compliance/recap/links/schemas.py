"""Recap links over the API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class LinkCreate(BaseModel):
    """A new link: what it is for, and how many days it opens the recap."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "Google Sheets Bagian Organisasi", "days": 90}]}
    )
    name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$")]
    days: Annotated[int, Field(ge=1, le=366)] = 90


class LinkRead(BaseModel):
    """A link without its address, which was shown once."""

    id: UUID
    round_id: UUID
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class LinkCreated(LinkRead):
    """A new link with its address, shown this once. Whoever holds it sees the aggregate table: treat it like a password."""

    url: str
