"""What obligations give over the API."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class MyObligation(BaseModel):
    """One pledge the caller owes or has signed."""

    id: UUID
    round_id: UUID
    round: str
    pledge: str
    state: str
    closes_at: datetime
    document_id: UUID | None
    signed_at: datetime | None
    declined_at: datetime | None


class Decline(BaseModel):
    """A pledge somebody would not sign; the reason is for those who look after the agency's people."""

    pledge: str
    at: datetime
    reason: str | None


class Owed(BaseModel):
    """One pledge of a person: the id is what an exemption is asked for."""

    id: UUID
    pledge: str
    state: str
    reason: str
    exemption_id: UUID | None


class ParticipantRead(BaseModel):
    """One person in a round."""

    employee_id: UUID
    name: str
    nip: str
    agency_id: UUID
    unit_id: UUID
    employment: str
    state: str
    signed_at: datetime | None
    joined_at: datetime | None
    obligations: list[Owed]
    declined: list[Decline]
