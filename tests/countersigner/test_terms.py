"""Whether somebody took note of an agency's pledges at a moment, looked at later."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.ids import new_id
from app.countersigner.models import Countersigner
from app.countersigner.service import in_force

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def term(since: datetime, until: datetime | None = None, **mandate: date) -> Countersigner:
    return Countersigner(id=new_id(), recorded_at=since, superseded_at=until, **mandate)


@pytest.mark.parametrize(
    ("at", "held"),
    [(NOON - HOUR, False), (NOON, True), (NOON + HOUR, True), (NOON + 2 * HOUR, False), (NOON + DAY, False)],
)
def test_a_record_covers_what_lies_between_its_own_moment_and_its_successors(at: datetime, held: bool) -> None:
    records = [term(NOON, NOON + 2 * HOUR), term(NOON + 3 * HOUR, NOON + 4 * HOUR)]
    assert in_force(records, at, timezone="Asia/Jakarta") is held


def test_a_mandate_ends_with_its_last_day_at_the_institution() -> None:
    records = [term(NOON, valid_from=date(2026, 11, 23), valid_to=date(2026, 11, 24))]
    midnight = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)  # in Jakarta
    assert in_force(records, midnight - HOUR, timezone="Asia/Jakarta")
    assert not in_force(records, midnight, timezone="Asia/Jakarta")


def test_who_is_recorded_anew_has_held_the_office_throughout() -> None:
    records = [term(NOON, NOON + HOUR), term(NOON + HOUR)]
    assert all(
        in_force(records, NOON + minutes * timedelta(minutes=20), timezone="Asia/Jakarta") for minutes in range(9)
    )
