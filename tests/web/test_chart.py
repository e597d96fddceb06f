"""The curve to the deadline: inside its box, never back in time, and at the figure it stands for."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.compliance.forecast import Forecast
from app.compliance.schemas import TrendPoint
from app.web.chart import HEIGHT, WIDTH, trend_chart

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=20)


def places(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (place.split(",") for place in points.split())]


@given(
    steps=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 90)), min_size=1, max_size=30), now=st.integers(0, 700)
)
def test_the_curve_stays_in_its_box_and_goes_forward(steps: list[tuple[int, int]], now: int) -> None:
    at, signed, points = BEGIN, 0, []
    for hours, count in steps:
        at, signed = at + timedelta(hours=hours), signed + count
        points.append(TrendPoint(at=at, signed=count, signed_in_all=signed))
    here = max(at, BEGIN + timedelta(hours=now))
    chart = trend_chart(points, required=max(1, signed), begins=BEGIN, ends=END, now=here, outlook=None)
    assert chart is not None
    line = places(chart.line)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in line)
    assert [x for x, _ in line] == sorted(x for x, _ in line)
    assert line[-1][1] == (0 if signed else HEIGHT)
    assert chart.ahead == ""


def test_the_estimate_reaches_everybody_when_it_says_so() -> None:
    now = BEGIN + timedelta(days=10)
    outlook = Forecast(10.0, 72.0, 100, 100.0, BEGIN + timedelta(days=15))
    points = [TrendPoint(at=BEGIN + timedelta(days=5), signed=50, signed_in_all=50)]
    chart = trend_chart(points, required=100, begins=BEGIN, ends=END, now=now, outlook=outlook)
    assert chart is not None
    assert places(chart.ahead) == [(500, 150), (750, 0), (1000, 0)]


def test_nothing_is_drawn_of_nothing() -> None:
    assert trend_chart([], required=10, begins=BEGIN, ends=END, now=END, outlook=None) is None
