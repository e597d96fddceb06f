"""What the API takes and tells of what befalls people of a round."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

ChangeKind = Literal[
    "joined",
    "appeared",
    "transferred",
    "moved",
    "status_changed",
    "left",
    "returned",
    "exempted",
    "deferred",
    "exemption_withdrawn",
    "deferral_ended",
]
Reason = Annotated[str, Field(min_length=5, max_length=1000, pattern=r"^[^\x00]*\S[^\x00]*$")]


class ParticipantAdd(BaseModel):
    """People an administrator adds to an open round, and why."""

    employee_ids: list[UUID] = Field(min_length=1, max_length=500)
    reason: Reason


class ParticipantsAdded(BaseModel):
    """How many were added, and how many took part already."""

    joined: int
    already: int


class ChangeRead(BaseModel):
    """One thing that befell a person after the cut-off; the agency is the one that owns the obligation.

    `reason` is a code (`legal_status:66`, `roster:left`, `exemption:…`); `note` what was given by hand.
    """

    id: int
    round_id: UUID
    employee_id: UUID
    name: str | None
    agency_id: UUID
    kind: ChangeKind
    reason: str
    note: str | None
    from_state: str
    to_state: str
    unit_before: UUID | None
    unit_after: UUID | None
    effective_on: date
    recorded_at: datetime
    by_hand: bool
