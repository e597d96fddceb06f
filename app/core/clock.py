"""The clock is injected: nothing below the edges reads the time of the machine."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


def local_day(now: datetime, zone: str) -> date:
    """Return the day it is at the institution: mandates, units and versions of people begin and end with its days."""
    return now.astimezone(ZoneInfo(zone)).date()


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """Return the present as an aware datetime in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present as an aware datetime in UTC."""
        return datetime.now(UTC)


class SetClock:
    """A clock that stands where it is put and moves when it is told to; for tests and for the demonstration."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant the clock was set to."""
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self._at += by
