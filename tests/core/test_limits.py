"""Rate limits: a burst, an even refill, a bound on memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import limits
from app.core.errors import TooManyRequests
from app.core.limits import RateLimit


class Timer:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_the_next_is_told_how_long_to_wait() -> None:
    limit = RateLimit(10, timer=Timer())
    for _ in range(10):
        limit.take("a")
    with pytest.raises(TooManyRequests) as refused:
        limit.take("a")
    assert refused.value.params == {"retry_after": 7}
    limit.take("b")


@given(st.integers(1, 600), st.lists(st.floats(0, 30), max_size=80))
def test_no_more_than_burst_and_refill_ever_pass(per_minute: int, pauses: list[float]) -> None:
    timer = Timer()
    limit = RateLimit(per_minute, timer=timer)
    passed = 0
    for pause in pauses:
        timer.now += pause
        try:
            limit.take("a")
            passed += 1
        except TooManyRequests as refused:
            wait = refused.params["retry_after"]
            assert isinstance(wait, int)
            timer.now += wait
            limit.take("a")  # whoever waits as told is let in
            passed += 1
    assert passed <= per_minute + timer.now * per_minute / 60 + 1e-6


def test_memory_has_a_bound_and_the_oldest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 3)
    limit = RateLimit(1, timer=Timer())
    for key in "abcd":
        limit.take(key)
    assert len(limit._buckets) == 3
    with pytest.raises(TooManyRequests):
        limit.take("d")
    limit.take("a")
