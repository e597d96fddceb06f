"""What the API takes about one employee."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.asn.schemas import Employment

Text = Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f]*$")]
Reason = Annotated[str, Field(min_length=3, max_length=500, pattern=r"^[^\x00]*\S[^\x00]*$")]


class EmployeeUpdate(BaseModel):
    """What becomes of a person's record. A `correction` says that we were wrong, a `change` that the world changed."""

    kind: Literal["correction", "change"]
    reason: Reason
    effective_on: date | None = Field(None, description="The first day a change holds; today when not given.")
    nip: str | None = Field(None, max_length=40)
    name: Text | None = Field(None, min_length=1, description="With degrees, as it is printed.")
    birth_date: date | None = None
    employment: Employment | None = None
    legal_status: str | None = Field(None, pattern="^[0-9A-Za-z]{1,10}$")
    grade: Text | None = None
    grade_title: Text | None = None
    position_kind: Text | None = None
    position: Text | None = None
    echelon: Text | None = None
    unit_id: UUID | None = None
    email: str | None = Field(None, max_length=254, pattern=r"^([^\s@\x00]+@[^\s@\x00]+)?$")
    phone: str | None = Field(None, max_length=30, pattern="^[0-9+() -]*$")
    current: bool | None = Field(None, description="Whether the person is on the roster: false when they left.")


class EmployeeMerge(BaseModel):
    """Another record of the same person, which becomes the past of this one."""

    other_id: UUID
    reason: Reason
