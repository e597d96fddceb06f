"""Quiet hours: between two local times nobody is written to; what falls into them waits for the first allowed minute."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def is_quiet(at: datetime, zone: str, start: time, end: time) -> bool:
    """Whether an instant lies in the quiet hours, from `start` up to but without `end`; equal times mean there are none."""
    return is_quiet_time(at.astimezone(ZoneInfo(zone)).time(), start, end)


def is_quiet_time(local: time, start: time, end: time) -> bool:
    """Whether a local time lies in the quiet hours, which may go over midnight."""
    if start <= end:
        return start <= local < end
    return local >= start or local < end


def next_allowed(at: datetime, zone: str, start: time, end: time) -> datetime:
    """Return the instant itself when it is allowed, else the end of the quiet hours it lies in; in UTC as it was given."""
    if not is_quiet(at, zone, start, end):
        return at
    local = at.astimezone(ZoneInfo(zone))
    day = local.date() if local.time() < end else local.date() + timedelta(days=1)
    return datetime.combine(day, end, ZoneInfo(zone)).astimezone(at.tzinfo)
