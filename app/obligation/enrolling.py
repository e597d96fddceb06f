"""Write people into a round with what they owe: at its opening by the hundred thousand, later those who join."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.asn.service import RosterPerson
from app.core.db import Session, insert_rows
from app.core.ids import new_id
from app.obligation.legal_status import reason_of
from app.obligation.models import STATES
from app.pledge.models import RoundPledge

_PARTICIPANT = [
    "round_id",
    "employee_id",
    "agency_id",
    "unit_id",
    "employment",
    "grade",
    "position_kind",
    "name",
    "nip",
    "printed",
    "joined_at",
    "n_pending",
    "n_signed",
    "n_deferred",
    "n_exempt",
    "n_left",
]
_OBLIGATION = ["id", "round_id", "employee_id", "pledge", "state", "reason", "late"]


async def enrol(
    session: Session,
    round_id: UUID,
    people: Sequence[RosterPerson],
    states: Sequence[str],
    pledges: Sequence[RoundPledge],
    *,
    joined_at: datetime | None = None,
) -> None:
    """Write people with the state each begins in. With `joined_at` the counters of the round are told of each (by triggers)."""
    await insert_rows(
        session, "participant", _PARTICIPANT, _participants(round_id, people, states, len(pledges), joined_at)
    )
    await insert_rows(
        session, "obligation", _OBLIGATION, _obligations(round_id, people, states, pledges, late=joined_at is not None)
    )


def _participants(
    round_id: UUID, people: Sequence[RosterPerson], states: Sequence[str], owed: int, joined_at: datetime | None
) -> Iterator[tuple[Any, ...]]:
    for person, state in zip(people, states, strict=True):
        counts = [owed if state == name else 0 for name in STATES]
        yield (
            round_id,
            person.id,
            person.agency_id,
            person.unit_id,
            person.employment,
            person.grade,
            person.position_kind,
            person.name,
            person.nip,
            json.dumps(person.printed),
            joined_at,
            *counts,
        )


def _obligations(
    round_id: UUID, people: Sequence[RosterPerson], states: Sequence[str], pledges: Sequence[RoundPledge], *, late: bool
) -> Iterator[tuple[Any, ...]]:
    for person, state in zip(people, states, strict=True):
        reason = "" if state == "pending" else reason_of(person.legal_status)
        for text in pledges:
            yield new_id(), round_id, person.id, text.pledge, state, reason, late
