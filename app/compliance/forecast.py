"""How many will have signed at the deadline if the pace of the last days goes on: an estimate, and told as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(days=3)
LEAST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The pace (people a day over `window_hours`), what it comes to at the deadline, and when everybody would have signed."""

    per_day: float
    window_hours: float
    signed_at_deadline: int
    percent_at_deadline: float
    complete_at: datetime | None


def forecast(
    hours: Sequence[tuple[datetime, int]],
    *,
    signed: int,
    required: int,
    opened_at: datetime,
    closes_at: datetime,
    now: datetime,
) -> Forecast | None:
    """Carry the pace of the last three days on, or that since the opening when it is younger.

    `hours` are (begin of an hour, people who became signed in it). None when there is nothing to go by: less than an hour has
    passed, nobody is required, or the deadline has passed. Never more than everybody, never fewer than there are.
    """
    since = max(opened_at, now - WINDOW)
    window = now - since
    if window < LEAST or not required or now >= closes_at:
        return None
    recent = sum(count for at, count in hours if at + timedelta(hours=1) > since)
    pace = max(0, recent) / (window / timedelta(days=1))
    at_deadline = min(required, signed + int(pace * ((closes_at - now) / timedelta(days=1))))
    complete = None
    if signed < required and pace:
        days = (required - signed) / pace
        complete = now + timedelta(days=days) if days < 3650 else None
    return Forecast(
        per_day=round(pace, 1),
        window_hours=round(window / timedelta(hours=1), 1),
        signed_at_deadline=at_deadline,
        percent_at_deadline=round(100 * at_deadline / required, 2),
        complete_at=complete,
    )
