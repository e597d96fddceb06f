"""What is asked and told of activation slips."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator


class SlipsCreate(BaseModel):
    """For whom slips are printed: exactly one of a unit (with those below it), an OPD, or named people."""

    unit: UUID | None = None
    opd: UUID | None = None
    employee_ids: list[UUID] | None = Field(None, min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _one(self) -> "SlipsCreate":
        if sum(given is not None for given in (self.unit, self.opd, self.employee_ids)) != 1:
            raise ValueError("give exactly one of unit, opd and employee_ids")
        return self


class SlipRead(BaseModel):
    """A slip without its code, which nobody can be told again."""

    id: UUID
    employee_id: UUID
    name: str
    unit: str
    state: Literal["live", "used", "revoked", "expired", "locked"]
    issued_by: UUID
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
