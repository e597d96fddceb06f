"""What the API takes and tells of exemptions."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

ExemptionKind = Literal["exempt", "deferred"]
ExemptionState = Literal["requested", "approved", "refused", "withdrawn", "expired", "overtaken"]
PRINTABLE = r"^[^\x00]*\S[^\x00]*$"


class ExemptionDecision(BaseModel):
    """Approved or refused; a refusal says why."""

    state: Literal["approved", "refused"]
    reason: str = Field(min_length=5, max_length=1000, pattern=PRINTABLE)


class EvidenceRead(BaseModel):
    """The file that was handed in: its bytes are at `/exemptions/{id}/evidence`."""

    media_type: str
    size: int
    sha256: str


class ExemptionRead(BaseModel):
    """An exemption. Reasons are for those who look after the agency's people; others see that there is one."""

    id: UUID
    round_id: UUID
    employee_id: UUID
    name: str
    agency_id: UUID
    obligation_id: UUID
    pledges: list[str]
    kind: ExemptionKind
    until: date | None
    reason: str | None
    evidence: EvidenceRead
    state: ExemptionState
    requested_by: UUID
    requested_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    decision_reason: str | None
    ended_by: UUID | None
    ended_at: datetime | None
    ended_reason: str | None


class ExemptionWithdrawn(BaseModel):
    """What became of the obligation; `exemption` is empty where a kedudukan hukum code had made it optional."""

    obligation_id: UUID
    state: str
    exemption: ExemptionRead | None
