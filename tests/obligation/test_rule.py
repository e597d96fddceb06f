"""What a changed record means for an open round: case by case, and for every case there is."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.obligation.following.rule import Situation, happenings
from app.obligation.legal_status import meanings, state_of

UNIT, OTHER, AGENCY = UUID(int=1), UUID(int=2), UUID(int=3)
HERE = Situation(
    employee_id=UUID(int=9),
    agency_id=AGENCY,
    state="pending",
    has_left=False,
    current=True,
    merged=False,
    survivor_takes_part=False,
    legal_status="01",
    unit_id=UNIT,
    unit_agency=AGENCY,
    known_unit=UNIT,
    known_agency=AGENCY,
    known_kind="",
    known_reason="",
    since=date(2026, 11, 23),
    cause="change",
)
USUAL = meanings({})


def told(now: Situation) -> list[tuple[str, str, bool]]:
    return [(one.kind, one.reason, one.quiet) for one in happenings(now, USUAL)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [("returned", "legal_status:01", True)]),
        ({"legal_status": "66"}, [("left", "legal_status:66", False)]),
        ({"legal_status": "66", "known_kind": "left"}, [("left", "legal_status:66", True)]),
        ({"current": False, "cause": "left"}, [("left", "roster:left", False)]),
        ({"current": False, "cause": "transferred"}, [("left", "roster:transferred", False)]),
        ({"known_kind": "left"}, [("returned", "legal_status:01", False)]),
        ({"has_left": True}, [("returned", "legal_status:01", False)]),
        ({"legal_status": "04"}, [("status_changed", "legal_status:04", False)]),
        ({"legal_status": "04", "known_kind": "status_changed", "known_reason": "legal_status:04"}, []),
        ({"legal_status": "05"}, []),
        (
            {"known_kind": "status_changed", "known_reason": "legal_status:04"},
            [("status_changed", "legal_status:01", False)],
        ),
        ({"merged": True, "current": False}, []),
        ({"merged": True, "current": False, "survivor_takes_part": True}, [("left", "roster:merged", False)]),
    ],
)
def test_what_is_recorded_follows_from_what_was_known(
    changed: dict[str, object], expected: list[tuple[str, str, bool]]
) -> None:
    assert told(replace(HERE, **changed)) == expected


def test_a_transfer_within_the_agency_is_a_move() -> None:
    assert told(replace(HERE, unit_id=OTHER))[0] == ("moved", "roster:change", False)
    assert told(replace(HERE, unit_id=OTHER, unit_agency=OTHER))[0] == ("transferred", "roster:change", False)


@given(
    st.builds(
        replace,
        st.just(HERE),
        state=st.sampled_from(("pending", "signed", "deferred", "exempt", "left")),
        has_left=st.booleans(),
        current=st.booleans(),
        merged=st.booleans(),
        survivor_takes_part=st.booleans(),
        legal_status=st.sampled_from(("01", "02", "04", "05", "66", "42", "")),
        unit_id=st.sampled_from((UNIT, OTHER, None)),
        known_kind=st.sampled_from(("", "left", "returned", "status_changed")),
        known_reason=st.sampled_from(("", "legal_status:01", "legal_status:02")),
    )
)
def test_nothing_takes_a_signature_away_or_somebody_out_of_the_figures_but_leaving(now: Situation) -> None:
    for one in happenings(now, USUAL):
        assert one.move is None or "signed" not in one.move.origins.split(",")
        if one.move is not None and "pending" in one.move.origins.split(","):
            assert one.move.state == "left"
            assert now.merged or not now.current or state_of(USUAL, now.legal_status) == "left"
