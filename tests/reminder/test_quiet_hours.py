"""Nobody is written to at night, in the zone of the service, over midnight and otherwise."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reminder.quiet_hours import is_quiet, next_allowed

EVENING, MORNING = time(20, 0), time(7, 0)
ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
instants = st.integers(0, 60 * 24 * 365).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
minutes = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@pytest.mark.parametrize(
    ("zone", "at", "allowed"),
    [
        ("Asia/Jakarta", "2026-11-23T12:59+00:00", "2026-11-23T12:59+00:00"),  # 19.59 WIB
        ("Asia/Jakarta", "2026-11-23T13:00+00:00", "2026-11-24T00:00+00:00"),  # 20.00 WIB
        ("Asia/Jakarta", "2026-11-23T17:30+00:00", "2026-11-24T00:00+00:00"),  # past midnight there, not in UTC
        ("Asia/Jakarta", "2026-11-23T23:59+00:00", "2026-11-24T00:00+00:00"),
        ("Asia/Jakarta", "2026-11-24T00:00+00:00", "2026-11-24T00:00+00:00"),  # 07.00 WIB
        ("Asia/Makassar", "2026-11-23T12:30+00:00", "2026-11-23T23:00+00:00"),  # 20.30 WITA
        ("Asia/Jayapura", "2026-11-23T12:30+00:00", "2026-11-23T22:00+00:00"),  # 21.30 WIT
    ],
)
def test_the_night_is_that_of_the_zone(zone: str, at: str, allowed: str) -> None:
    assert next_allowed(datetime.fromisoformat(at), zone, EVENING, MORNING) == datetime.fromisoformat(allowed)


def test_quiet_hours_within_a_day() -> None:
    at = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)  # 12.30 WIB
    assert next_allowed(at, "Asia/Jakarta", time(12), time(13)) == at + timedelta(minutes=30)


@given(instants, st.sampled_from(ZONES), minutes, minutes)
def test_what_is_allowed_is_never_quiet_and_never_earlier_nor_later_than_the_first(
    at: datetime, zone: str, start: time, end: time
) -> None:
    found = next_allowed(at, zone, start, end)
    assert found >= at
    assert not is_quiet(found, zone, start, end)
    assert found - at < timedelta(days=1)
    if found > at:
        assert is_quiet(at, zone, start, end)
        assert is_quiet(found - timedelta(seconds=1), zone, start, end)
        assert found.astimezone(ZoneInfo(zone)).time() == end


@given(instants, st.sampled_from(ZONES), minutes)
def test_equal_times_mean_no_quiet_hours(at: datetime, zone: str, both: time) -> None:
    assert next_allowed(at, zone, both, both) == at
