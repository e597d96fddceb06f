"""What the API takes and says about personal data."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

RequestState = Literal["open", "accepted", "refused"]
Told = Annotated[str, Field(min_length=3, max_length=2000, pattern=r"^[^\x00]*\S[^\x00]*$")]


class PersonalData(BaseModel):
    """Everything kept about a person, by table; `log_pseudonym` is how the transparency log names them."""

    employee_id: UUID
    log_pseudonym: str
    kept: dict[str, list[dict[str, Any]]]


class CorrectionCreate(BaseModel):
    """What is wrong, and what would be right."""

    field: str = Field("", max_length=50, pattern="^[a-z_]*$", description="Which value, when it is a single one.")
    message: Told


class CorrectionDecide(BaseModel):
    """The answer to a request, with its reason."""

    state: Literal["accepted", "refused"]
    reason: Told


class CorrectionRead(BaseModel):
    """A request for correction and its answer."""

    id: UUID
    employee_id: UUID
    name: str
    field: str
    message: str
    state: RequestState
    answer: str
    created_at: datetime
    decided_at: datetime | None
