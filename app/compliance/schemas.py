"""Figures over the API. Always: required = signed + pending, and total = required + deferred + exempt + left."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

_ROUND = "01931f6c-0000-7000-8000-000000000001"
_COUNTS = {
    "total": 1702,
    "required": 1690,
    "signed": 900,
    "pending": 790,
    "deferred": 5,
    "exempt": 2,
    "left": 5,
    "percent": 53.25,
}
_GROUP = {
    "id": "01931f6c-0000-7000-8000-0000000000a1",
    "name": "Dinas Kesehatan",
    "last_signed_at": "2026-11-21T02:59:41Z",
    **_COUNTS,
}


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


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

    model_config = _example(
        round_id=_ROUND, by="opd", as_of=None, computed_at="2026-11-21T03:00:00Z", total=_COUNTS, groups=[_GROUP]
    )
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

    model_config = _example(
        round_id=_ROUND,
        interval="day",
        zone="Asia/Jakarta",
        computed_at="2026-11-21T03:00:00Z",
        points=[{"at": "2026-11-20T00:00:00+07:00", "signed": 640, "signed_in_all": 900}],
    )
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

    model_config = _example(
        round_id=_ROUND, by="opd", computed_at="2026-11-21T03:00:00Z", groups=[{**_GROUP, "rank": 1, "tied": False}]
    )
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

    model_config = _example(
        computed_at="2026-11-21T03:00:00Z",
        rounds=[{"round_id": _ROUND, "title": "Pilkada 2026", "total": _COUNTS}],
        groups=[{"id": _GROUP["id"], "name": _GROUP["name"], "figures": [_COUNTS]}],
    )
    computed_at: datetime
    rounds: list[ComparedRound]
    groups: list[ComparedGroup]


class ForecastRead(BaseModel):
    """An estimate, no figure: what the pace of the last `window_hours` comes to. Empty when there is nothing to go by."""

    model_config = _example(
        round_id=_ROUND,
        computed_at="2026-11-21T03:00:00Z",
        method="linear: the pace of the last three days, or since the opening, carried on to the deadline",
        per_day=212.5,
        window_hours=72.0,
        signed_at_deadline=1690,
        percent_at_deadline=100.0,
        complete_at="2026-11-24T21:10:00Z",
    )
    round_id: UUID
    computed_at: datetime
    method: str = "linear: the pace of the last three days, or since the opening, carried on to the deadline"
    per_day: float | None
    window_hours: float | None
    signed_at_deadline: int | None
    percent_at_deadline: float | None
    complete_at: datetime | None
