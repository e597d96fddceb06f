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
