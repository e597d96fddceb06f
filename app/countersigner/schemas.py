"""What countersigners take and give over the API."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.countersigner.models import Countersigner

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"  # it is printed


class CountersignerCreate(BaseModel):
    """Who takes note of an agency's pledges; the unit above all agencies stands for what their heads sign."""

    agency_id: UUID
    nip: str = Field(max_length=40)
    capacity: Literal["head", "plt", "plh"] = "head"
    position: str = Field(
        default="",
        max_length=200,
        pattern=_ONE_LINE,
        description="As it is printed; empty: the head's title of the agency.",
    )
    mandate_number: str = Field(default="", max_length=120, pattern=_ONE_LINE)
    valid_from: date | None = None
    valid_to: date | None = Field(default=None, description="The last day of the mandate.")


class CountersignerRead(BaseModel):
    """A countersigner as recorded."""

    id: UUID
    employee_id: UUID
    name: str
    nip: str
    position: str
    capacity: Literal["head", "plt", "plh"]
    mandate_number: str
    valid_from: date | None
    valid_to: date | None
    recorded_at: datetime
    recorded_by: UUID | None

    @classmethod
    def of(cls, found: Countersigner, nip: str) -> Self:
        """Return a countersigner with the NIP as the caller may see it."""
        return cls(nip=nip, **{name: getattr(found, name) for name in cls.model_fields if name != "nip"})


class AgencyCountersigner(BaseModel):
    """One agency: who takes note of its pledges, or why nobody can."""

    agency_id: UUID
    agency: str
    head_title: str
    cause: Literal["", "missing", "mandate_over"]
    countersigner: CountersignerRead | None
