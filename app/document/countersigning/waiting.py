"""What countersigning lists: documents that wait for a note, and those that do not get on."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.document.models import Document

Office = tuple[UUID, UUID]
"""A round and an agency whose pledges somebody takes note of."""


class Waiting(NamedTuple):
    """A document that waits for a note, with whose it is."""

    document: Document
    name: str
    nip: str
    unit: str


class Stuck(NamedTuple):
    """A document that does not get on, with the cause and since when."""

    document_id: UUID
    agency_id: UUID
    employee_id: UUID
    name: str
    pledge: str
    state: str
    cause: str
    since: datetime
    reason: str | None
