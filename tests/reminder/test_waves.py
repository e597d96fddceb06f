"""When waves are due: pure arithmetic of local days."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.reminder.plan import Plan
from app.reminder.quiet_hours import is_quiet
from app.reminder.waves import planned_waves

JAKARTA = ZoneInfo("Asia/Jakarta")
OPENED = datetime(2026, 11, 2, 8, 0, tzinfo=JAKARTA).astimezone(UTC)
CLOSES = datetime(2026, 12, 1, 0, 0, tzinfo=JAKARTA).astimezone(UTC)


def local(plan: Plan, opened: datetime = OPENED, closes: datetime = CLOSES) -> list[tuple[str, str]]:
    found = planned_waves(plan, opened, closes, "Asia/Jakarta")
    return [(wave.kind, f"{wave.due_at.astimezone(JAKARTA):%m-%d %H:%M}") for wave in found]


def people_only(**changes: object) -> Plan:
    none = {f"{kind}_{name}": 0 for kind in ("escalation", "recap") for name in ("every_days", "last_days")}
    return Plan.model_validate(none | changes)


def test_the_default_is_a_first_notice_weekly_ones_and_the_last_three_days() -> None:
    assert local(people_only()) == [
        ("first", "11-02 08:00"),
        ("regular", "11-09 09:00"),
        ("regular", "11-16 09:00"),
        ("regular", "11-23 09:00"),
        ("last", "11-28 09:00"),
        ("last", "11-29 09:00"),
        ("last", "11-30 09:00"),  # the round closes at midnight after it
    ]


def test_a_regular_one_gives_way_to_the_last_days() -> None:
    assert [kind for kind, at in local(people_only(every_days=1, first=False)) if at.startswith("11-30")] == ["last"]


def test_a_round_that_opens_at_night_begins_in_the_morning() -> None:
    opened = datetime(2026, 11, 2, 23, 30, tzinfo=JAKARTA)
    assert local(people_only(every_days=0, last_days=0), opened) == [("first", "11-03 07:00")]


def test_nothing_leaves_at_or_after_the_deadline() -> None:
    closes = datetime(2026, 11, 5, 6, 0, tzinfo=JAKARTA)
    opened = datetime(2026, 11, 4, 21, 0, tzinfo=JAKARTA)  # allowed again at 07.00, after the deadline
    assert local(people_only(), opened, closes) == []


def test_officials_are_told_weekly_and_on_the_last_days_once_each() -> None:
    found = local(Plan(first=False, every_days=0, last_days=0))
    assert [at for kind, at in found if kind == "recap"] == [
        f"11-{day} 09:00" for day in ("09", "16", "23", "28", "29", "30")
    ]
    assert [at for kind, at in found if kind == "escalation"] == [at for kind, at in found if kind == "recap"]


def test_a_schedule_that_is_off_plans_nothing() -> None:
    assert local(Plan(enabled=False)) == []


@given(
    st.integers(0, 60 * 24 * 40),
    st.integers(1, 60 * 24 * 60),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    st.integers(0, 10),
    st.integers(0, 5),
)
def test_every_wave_lies_inside_the_round_and_outside_the_night(
    start: int, lasting: int, at: time, every: int, last: int
) -> None:
    opened = OPENED + timedelta(minutes=start)
    closes = opened + timedelta(minutes=lasting)
    plan = Plan(at=at, every_days=every, last_days=last)
    waves = planned_waves(plan, opened, closes, "Asia/Makassar")
    for wave in waves:
        assert opened <= wave.planned_at <= wave.due_at < closes
        assert not is_quiet(wave.due_at, "Asia/Makassar", plan.quiet_from, plan.quiet_until)
    keys = [(wave.kind, wave.planned_at) for wave in waves]
    assert len(keys) == len(set(keys))
    assert sum(wave.kind == "last" for wave in waves) <= last
