"""When the waves of a round are due: pure arithmetic of local days, so that a plan can be looked at before anything is sent."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.reminder.plan import Plan
from app.reminder.quiet_hours import next_allowed

GRACE = timedelta(hours=12)
"""A wave that could not leave within this time (nobody ran the service) is not sent late, but shown as missed."""


class Planned(NamedTuple):
    """One wave to come: `due_at` is the first allowed minute from `planned_at` on."""

    kind: str
    planned_at: datetime
    due_at: datetime


def planned_waves(plan: Plan, opened_at: datetime, closes_at: datetime, zone: str) -> list[Planned]:
    """Return every wave of a round by due time: the first notice, the regular ones, one on each of the last days, escalations, recaps.

    A regular reminder gives way to a last-days one of the same day. What would leave at or after the deadline is left out.
    """
    if not plan.enabled:
        return []
    found = _series(plan.at, opened_at, closes_at, zone, plan.every_days, plan.last_days, ("regular", "last"))
    if plan.first:
        found["first"] = [opened_at]
    for kind in ("escalation", "recap"):
        every, last = getattr(plan, f"{kind}_every_days"), getattr(plan, f"{kind}_last_days")
        found[kind] = sorted(
            {
                at
                for times in _series(plan.at, opened_at, closes_at, zone, every, last, ("a", "b")).values()
                for at in times
            }
        )
    waves = [
        Planned(kind, at, next_allowed(at, zone, plan.quiet_from, plan.quiet_until))
        for kind, times in found.items()
        for at in times
    ]
    return sorted((wave for wave in waves if wave.due_at < closes_at), key=lambda wave: (wave.due_at, wave.kind))


def _series(
    at: time, opened_at: datetime, closes_at: datetime, zone: str, every: int, last: int, names: tuple[str, str]
) -> dict[str, list[datetime]]:
    """Return the regular times and those of the last days, in UTC like the opening; a time is in one of them only."""
    days = list(_sending_times(at, opened_at, closes_at, zone))
    ending = days[-last:] if last else []
    local = ZoneInfo(zone)
    opened_on = opened_at.astimezone(local).date()
    regular = [
        when
        for when in days
        if every
        and when not in ending
        and when > opened_at
        and _days(opened_on, when, local) % every == 0
        and _days(opened_on, when, local) > 0
    ]
    return {names[0]: regular, names[1]: [when for when in ending if when > opened_at]}


def _sending_times(at: time, opened_at: datetime, closes_at: datetime, zone: str) -> Iterator[datetime]:
    local = ZoneInfo(zone)
    day = opened_at.astimezone(local).date()
    while (when := datetime.combine(day, at, local)) < closes_at:
        yield when.astimezone(opened_at.tzinfo)
        day += timedelta(days=1)


def _days(opened_on: date, when: datetime, local: ZoneInfo) -> int:
    return (when.astimezone(local).date() - opened_on).days
