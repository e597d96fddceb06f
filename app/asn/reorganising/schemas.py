"""What the API takes and says about heads of units."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

HeadKind = Literal["definitive", "plt", "plh"]


class HeadCreate(BaseModel):
    """Somebody leads a unit from a day on; an acting head (Plt., Plh.) by the number of the mandate."""

    employee_id: UUID
    kind: HeadKind
    valid_from: date
    valid_to: date | None = Field(None, description="The first day it no longer holds.")
    mandate_number: str = Field("", max_length=100, pattern=r"^[^\x00-\x1f]*$")


class HeadRead(BaseModel):
    """A head of a unit with the days and the mandate."""

    id: UUID
    employee_id: UUID
    name: str
    kind: HeadKind
    valid_from: date
    valid_to: date | None
    mandate_number: str
    recorded_at: datetime
