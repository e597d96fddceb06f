"""What the API takes and says about suggested links."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class LinkRead(BaseModel):
    """A new row, and somebody on the roster of the same name and birth date whom the file does not name."""

    sheet: str
    row: int
    nip: str
    name: str
    employee_id: UUID
    nip_before: str
    local_number_before: str
    unit_before: str
    decision: Literal["", "same", "different"]


class LinkDecide(BaseModel):
    """Whether the row is that person: `same` gives them the row's NIP and keeps their history, `different` makes a new person."""

    sheet: str = Field(max_length=300, pattern=r"^[^\x00]*$")
    row: int = Field(ge=1, le=2_000_000)
    employee_id: UUID
    decision: Literal["same", "different"]
