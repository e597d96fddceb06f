"""What is told of a person's sessions."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class OwnSessionRead(BaseModel):
    """A browser you are signed in with. `last_seen_at` is true to the minute; `method` says how you came in."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    method: str
    address: str
    browser: str
    shared: bool
    current: bool
