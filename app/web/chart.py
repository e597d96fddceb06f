"""Charts as geometry for SVG in a page: no script, no style attribute, a table of the same figures beside each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.compliance.forecast import Forecast
from app.compliance.schemas import TrendPoint

WIDTH, HEIGHT = 1000.0, 300.0


@dataclass(frozen=True, slots=True)
class TrendChart:
    """The curve of who has signed, from the opening to the deadline: x is time, y the share of those required.

    `line` and `ahead` are points of polylines, `area` those of a polygon, in a box of 1000 × 300; `today` is an x.
    """

    line: str
    area: str
    ahead: str
    today: float
    begins: datetime
    ends: datetime


def trend_chart(
    points: Sequence[TrendPoint],
    *,
    required: int,
    begins: datetime,
    ends: datetime,
    now: datetime,
    outlook: Forecast | None,
) -> TrendChart | None:
    """Return the curve; None while there is nothing to draw."""
    if not points or not required or ends <= begins:
        return None
    last = min(max(now, begins), ends)

    def x(at: datetime) -> float:
        return round(WIDTH * min(1.0, max(0.0, (at - begins) / (ends - begins))), 1)

    def y(signed: int) -> float:
        return round(HEIGHT * (1 - min(1.0, max(0, signed) / required)), 1)

    places = [(0.0, HEIGHT)]
    before = 0
    for point in points:
        places += [(x(point.at), y(before)), (x(point.at), y(point.signed_in_all))]
        before = point.signed_in_all
    places.append((x(last), y(before)))
    ahead = []
    if outlook:
        ahead = [(x(last), y(before)), (x(ends), y(outlook.signed_at_deadline))]
        if outlook.complete_at is not None and outlook.complete_at < ends:
            ahead.insert(1, (x(outlook.complete_at), 0.0))
    return TrendChart(
        line=_points(places),
        area=_points([*places, (x(last), HEIGHT), (0.0, HEIGHT)]),
        ahead=_points(ahead),
        today=x(last),
        begins=begins,
        ends=ends,
    )


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)
