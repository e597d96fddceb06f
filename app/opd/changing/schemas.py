"""What the API takes and says about changes of units."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Text = Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f]*$")]
Name = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")]


class _Change(BaseModel):
    effective_on: date = Field(
        description="The first day it holds; one to come makes a plan that takes effect by itself."
    )
    reason: Annotated[str, Field(min_length=3, max_length=500, pattern=r"^[^\x00]*\S[^\x00]*$")]
    decree: Text = Field("", description="Number of the regulation it follows from.")


class UnitRename(_Change):
    """A unit gets another name."""

    kind: Literal["rename"]
    unit_id: UUID
    name: Name
    head_title: Text | None = None


class UnitMove(_Change):
    """A unit moves below another one with all below it."""

    kind: Literal["move"]
    unit_id: UUID
    parent_id: UUID


class UnitMerge(_Change):
    """Units end; one that exists (`into_id`) or a new one (`name`) carries them on."""

    kind: Literal["merge"]
    unit_ids: list[UUID] = Field(min_length=1, max_length=200)
    into_id: UUID | None = None
    name: Name | None = None
    head_title: Text = ""


class UnitSplit(_Change):
    """Units leave one for a new one beside it."""

    kind: Literal["split"]
    unit_id: UUID
    unit_ids: list[UUID] = Field(min_length=1, max_length=1000)
    name: Name
    head_title: Text = ""


UnitChangeWrite = Annotated[UnitRename | UnitMove | UnitMerge | UnitSplit, Field(discriminator="kind")]


class RoundConsequence(BaseModel):
    """People of an open round whom a change concerns: they stay with the agency of the cut-off."""

    round_id: UUID
    title: str
    agency_id: UUID
    agency: str
    participants: int
    pending: int


class UnitPlanRead(BaseModel):
    """A change of units from a day to come, and what became of it."""

    id: UUID
    kind: str
    effective_on: date
    body: dict[str, Any]
    state: Literal["planned", "done", "cancelled", "failed"]
    failure: str
    change_id: UUID | None
    created_at: datetime
    ended_at: datetime | None


class UnitChangeRead(BaseModel):
    """A change of units: per unit what it was and became. A preview has no id, and says what it means for open rounds.

    A `planned` one has the id of its plan; its edits are those it would make today.
    """

    id: UUID | None
    state: Literal["preview", "planned", "done"] = "done"
    kind: str
    effective_on: date
    reason: str
    decree: str
    edits: list[dict[str, Any]]
    people_moved: int
    rounds: list[RoundConsequence] | None
    created_at: datetime | None
