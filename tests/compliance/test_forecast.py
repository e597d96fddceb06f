"""The forecast: the pace of the last days carried on, never beyond everybody, and silent when there is nothing to go by."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.compliance.forecast import forecast

OPENED = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
CLOSES = OPENED + timedelta(days=20)
HOUR = timedelta(hours=1)


def told(hours: list[tuple[datetime, int]], *, signed: int, required: int = 1000, now: datetime):
    return forecast(hours, signed=signed, required=required, opened_at=OPENED, closes_at=CLOSES, now=now)


def test_an_even_pace_goes_on_to_the_deadline() -> None:
    now = OPENED + timedelta(days=10)
    hours = [(OPENED + day * timedelta(days=1) + HOUR, 24) for day in range(10)]
    found = told(hours, signed=240, now=now)
    assert found is not None
    assert (found.per_day, found.window_hours) == (24.0, 72.0)
    assert found.signed_at_deadline == 480
    assert found.percent_at_deadline == 48.0
    assert found.complete_at == now + timedelta(days=760 / 24)


def test_a_young_round_goes_by_its_own_age() -> None:
    found = told([(OPENED, 100)], signed=100, now=OPENED + timedelta(hours=12))
    assert found is not None
    assert (found.per_day, found.window_hours, found.signed_at_deadline) == (200.0, 12.0, 1000)


def test_only_the_last_days_count() -> None:
    found = told([(OPENED, 900)], signed=900, now=OPENED + timedelta(days=10))
    assert found is not None
    assert (found.per_day, found.signed_at_deadline, found.complete_at) == (0.0, 900, None)


def test_nothing_is_told_when_there_is_nothing_to_go_by() -> None:
    assert told([], signed=0, now=OPENED + timedelta(minutes=59)) is None
    assert told([], signed=0, required=0, now=OPENED + timedelta(days=1)) is None
    assert told([], signed=0, now=CLOSES) is None


@given(
    counts=st.lists(st.integers(-5, 400), max_size=40),
    required=st.integers(1, 5000),
    share=st.floats(0, 1),
    hours=st.integers(1, 479),
)
def test_a_forecast_lies_between_now_and_everybody(counts: list[int], required: int, share: float, hours: int) -> None:
    now, signed = OPENED + hours * HOUR, int(required * share)
    found = told(
        [(now - (n + 1) * HOUR, count) for n, count in enumerate(counts)], signed=signed, required=required, now=now
    )
    assert found is not None
    assert signed <= found.signed_at_deadline <= required
    assert found.complete_at is None or found.complete_at > now
