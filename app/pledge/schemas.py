"""What rounds and templates take and give over the API."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"  # it is printed, and PostgreSQL's text holds no zero byte


class RoundCreate(BaseModel):
    """A new round, as a draft."""

    title: str = Field(min_length=3, max_length=200, pattern=_ONE_LINE)
    election: str = Field(
        min_length=3, max_length=120, pattern=_ONE_LINE, examples=["Pemilihan Kepala Daerah Serentak"]
    )
    year: int = Field(ge=2000, le=2100)
    cut_off: date
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    pledges: list[Literal["pakta_integritas", "ikrar_netralitas"]] = Field(
        default=["pakta_integritas", "ikrar_netralitas"], min_length=1, max_length=2
    )
    countersign: bool = False
    paper: Literal["F4", "A4"] = "F4"


class RoundPledgeRead(BaseModel):
    """One text of a round with the version it froze."""

    pledge: str
    template_version_id: UUID


class RoundRead(BaseModel):
    """A round."""

    id: UUID
    title: str
    election: str
    year: int
    cut_off: date
    opens_at: datetime
    closes_at: datetime
    countersign: bool
    paper: str
    status: Literal["draft", "opening", "open", "closed"]
    pledges: list[RoundPledgeRead]
    opened_at: datetime | None
    closed_at: datetime | None


class TemplateRead(BaseModel):
    """A template and its newest version."""

    id: UUID
    code: str
    title: str
    version_id: UUID
    version: int
    sha256: str
