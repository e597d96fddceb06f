"""Figures over the API. Always: required = signed + pending, and total = required + deferred + exempt + left."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class Figures(BaseModel):
    """How many people stand where; `percent` is signed of required, to two places (100 when nobody is required)."""

    total: int
    required: int
    signed: int
    pending: int
    deferred: int
    exempt: int
    left: int
    percent: float


class Group(Figures):
    """The figures of one group."""

    id: str
    name: str
    last_signed_at: datetime | None


class ComplianceRead(BaseModel):
    """The figures of a round, of this moment or (`as_of`) as the register knew them at an instant."""

    round_id: UUID
    by: str
    as_of: datetime | None
    computed_at: datetime
    total: Figures
    groups: list[Group]


class TrendPoint(BaseModel):
    """One hour or day: where it begins, how many people became signed in it, and how many were at its end."""

    at: datetime
    signed: int
    signed_in_all: int


class TrendRead(BaseModel):
    """How a round went on; hours and days in which nobody signed are left out."""

    round_id: UUID
    interval: str
    zone: str
    computed_at: datetime
    points: list[TrendPoint]


class RankedGroup(Group):
    """A group with its place by share; `tied` with others of exactly the same share. No rank where nobody is required."""

    rank: int | None
    tied: bool


class RankingRead(BaseModel):
    """Groups by the share that has signed, the highest first."""

    round_id: UUID
    by: str
    computed_at: datetime
    groups: list[RankedGroup]


class ComparedRound(BaseModel):
    """A round of a comparison with its total."""

    round_id: UUID
    title: str
    total: Figures


class ComparedGroup(BaseModel):
    """An agency in each round of a comparison, in their order; null where the round does not know it."""

    id: str
    name: str
    figures: list[Figures | None]


class ComparisonRead(BaseModel):
    """Rounds beside each other."""

    computed_at: datetime
    rounds: list[ComparedRound]
    groups: list[ComparedGroup]


class ForecastRead(BaseModel):
    """An estimate, no figure: what the pace of the last `window_hours` comes to. Empty when there is nothing to go by."""

    round_id: UUID
    computed_at: datetime
    method: str = "linear: the pace of the last three days, or since the opening, carried on to the deadline"
    per_day: float | None
    window_hours: float | None
    signed_at_deadline: int | None
    percent_at_deadline: float | None
    complete_at: datetime | None
