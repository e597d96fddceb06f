"""What the API says about roster imports and people."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Employment = Literal["pns", "cpns", "pppk", "pppk_pw", "non_asn"]
Decision = Literal["keep", "left", "transferred"]
Outcome = Literal["accepted", "warned", "rejected", "new", "changed", "unchanged", "missing"]


class ImportRead(BaseModel):
    """A roster import with its counts. `layout` says what was made of the header, `refusal` why a file was not read."""

    id: UUID
    parent_id: UUID | None
    status: Literal["reading", "unmapped", "refused", "staged", "applied", "undone"]
    source: str
    file_name: str
    counts: dict[str, int]
    layout: dict[str, Any]
    refusal: dict[str, Any] | None
    effective_on: date | None
    created_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None


class ChangeRead(BaseModel):
    """A value that a row would change."""

    field: str
    before: str | bool | None
    after: str | bool | None


class CorrectionsState(BaseModel):
    """What is known of a correction workbook that cannot be downloaded yet."""

    state: Literal["making"]


class ImportRowRead(BaseModel):
    """One row of the sheet: what became of it, what it would change, where the trouble is, and what to do."""

    row: int
    sheet: str
    outcome: str
    change: str
    codes: list[str]
    column: str
    found: str
    remedy: str
    changes: list[ChangeRead] = Field(default_factory=list)


class MissingRead(BaseModel):
    """Somebody of the agencies a file covers who is not in it."""

    employee_id: UUID
    nip: str
    local_number: str
    name: str
    unit_id: UUID
    unit: str
    agency_id: UUID
    decision: Decision
    decided_on: date | None
    to_unit_id: UUID | None


class MissingDecide(BaseModel):
    """What became of people who are not in the file: they stay, left, or were transferred (to a unit of ours, or away)."""

    employee_ids: list[UUID] = Field(min_length=1, max_length=1000)
    decision: Decision
    on: date | None = Field(
        None, description="The first day they are no longer there; the day of applying when not given."
    )
    unit_id: UUID | None = Field(None, description="Where they were transferred to, when it is one of our units.")


class MappingWrite(BaseModel):
    """Which column of the file (by its name in the header) is which of ours; remembered for files with the same header."""

    columns: dict[str, str] = Field(min_length=1, max_length=30)
    name: str = Field("", max_length=100, pattern=r"^[^\x00]*$")


class EmployeeRead(BaseModel):
    """A person on the roster."""

    id: UUID
    nip: str = Field(description="Empty for somebody without NIP.")
    local_number: str = Field(description="The agency's number of somebody without NIP.")
    name: str
    employment: str
    legal_status: str
    grade: str
    position: str
    unit_id: UUID
    unit: str
    agency_id: UUID


class EmployeeDetail(EmployeeRead):
    """A person with all that is kept about them and may be shown."""

    birth_date: date
    grade_title: str
    position_kind: str
    echelon: str
    current: bool
    since: date | None
    merged_into: UUID | None


class VersionRead(BaseModel):
    """What held of a person from a day up to another, as known from one moment until another."""

    valid_from: date
    valid_to: date | None
    recorded_at: datetime
    superseded_at: datetime | None
    cause: str
    reason: str
    import_id: UUID | None
    nip: str
    local_number: str
    name: str
    employment: str
    legal_status: str
    grade: str
    position: str
    unit_id: UUID
    unit: str
    current: bool
