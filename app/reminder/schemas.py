"""What reminders take and give over the API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from app.reminder.plan import Plan

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
Line = Annotated[str, Field(max_length=200, pattern=_ONE_LINE)]


class WaveToCome(BaseModel):
    """A wave the schedule will make."""

    kind: str
    planned_at: datetime
    due_at: datetime


class PlanRead(BaseModel):
    """A round's schedule: whether it is its own or that of the settings, what is to come, and whether anything leaves by itself."""

    round_id: UUID
    own: bool
    automatic: bool
    channels_available: list[str]
    plan: Plan
    coming: list[WaveToCome]


class WaveCreate(BaseModel):
    """A wave somebody asks for: to people (`manual`), or to officials; at once, or at a time."""

    kind: Literal["manual", "escalation", "recap"] = "manual"
    at: AwareDatetime | None = None


class WaveRead(BaseModel):
    """A wave with how many of its messages stand where."""

    id: UUID
    round_id: UUID
    kind: str
    planned_at: datetime
    due_at: datetime
    state: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancelled_at: datetime | None
    counts: dict[str, int]


class DeliveryRead(BaseModel):
    """One message: to whom, by what, and what came of it. The address is masked; `cause` is a code, `detail` the server's words."""

    id: UUID
    wave_id: UUID
    round_id: UUID
    kind: str
    employee_id: UUID | None
    agency_id: UUID | None
    name: str
    channel: str
    address: str
    state: str
    cause: str
    detail: str
    attempts: int
    not_before: datetime | None
    claimed_at: datetime | None
    settled_at: datetime | None
    resent_at: datetime | None


class BounceCreate(BaseModel):
    """A message came back: for good (the address does not exist), or only this time."""

    reason: Line = ""
    permanent: bool = True


class PauseWrite(BaseModel):
    """Stop everything at once, or go on."""

    paused: bool
    reason: Line = ""


class PauseRead(BaseModel):
    """Whether everything is stopped."""

    paused: bool
    paused_at: datetime | None
    reason: str


class RecipientCreate(BaseModel):
    """Somebody beside the heads who is told figures: of an agency, or (without one) of all."""

    agency_id: UUID | None = None
    name: Annotated[str, Field(min_length=2, max_length=200, pattern=_ONE_LINE)]
    title: Line = ""
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")]
    escalation: bool = True
    recap: bool = True


class RecipientRead(RecipientCreate):
    """A named recipient."""

    id: UUID
    created_at: datetime


class PreviewRow(BaseModel):
    """Who would get what: `outcome` is send, or why nothing would leave (no_channel, cap_round, cap_day)."""

    kind: str
    employee_id: UUID | None
    agency_id: UUID | None
    name: str
    channel: str
    address: str
    outcome: str
    subject: str
    activation_link: bool


class HandoutRow(BaseModel):
    """Somebody who has to be told in person; the NIP is masked for callers who may not read it."""

    employee_id: UUID
    agency_id: UUID
    unit_id: UUID
    agency: str
    unit: str
    name: str
    nip: str
    position: str
    cause: Literal["no_address", "unreachable"]


class CallbackRead(BaseModel):
    """What was made of a gateway's callback; `known` is false when it speaks of no message of ours."""

    known: bool
    state: str = ""


Callback = dict[str, Any]
