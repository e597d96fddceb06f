"""Record what befell people of a round: rows that are never changed, and one entry in the log for each batch of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.core.db import Session
from app.core.ids import new_id
from app.obligation.following import queries
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that befell a person; `agency_id` is the agency that owns the obligation."""

    employee_id: UUID
    agency_id: UUID
    kind: str
    reason: str
    effective_on: date
    from_state: str
    to_state: str
    unit_before: UUID | None = None
    unit_after: UUID | None = None
    note: str = ""


async def record(
    session: Session,
    log: LogIdentity,
    round_id: UUID,
    changes: Sequence[Change],
    *,
    by: UUID | None,
    now: datetime,
) -> None:
    """Write changes of one round; the log gets their digest, and no person."""
    if not changes:
        return
    batch = new_id()
    rows = [
        (
            *(round_id, one.employee_id, one.agency_id, batch, now, one.effective_on, one.kind, one.reason),
            *(one.from_state, one.to_state, one.unit_before, one.unit_after, by, one.note),
        )
        for one in changes
    ]
    digest = await queries.write_changes(session, rows, batch)
    entry = transparency.Entry(Fact.ROUND_POPULATION_CHANGED, batch, digest, now, by)
    await transparency.record(session, log, [entry])
