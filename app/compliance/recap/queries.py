"""SQL of the recap: the cells by agency and employment, read in one statement."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import Integer, String, cast, func, select

from app.compliance.queries import past, visible, within
from app.core.db import Session
from app.core.prepared import Statement
from app.core.principal import Scope
from app.obligation.models import STATES
from app.opd.models import Unit


@dataclass(frozen=True, slots=True)
class Crossed:
    """The people of one agency and one kind of employment, by state."""

    agency_id: str
    name: str
    employment: str
    counts: dict[str, int]
    last_signed_at: datetime | None


async def by_agency_and_employment(
    session: Session, round_id: UUID, scope: Scope, agency_id: UUID | None, at: datetime | None
) -> list[Crossed]:
    """Return the figures in the order of the unit file, of this moment's snapshot or of a closed instant."""
    statement = _statement(past_=at is not None, scoped=not scope.everything, narrowed=agency_id is not None)
    found = await statement.rows(session, **within(round_id, scope, agency_id), at=at)
    size = len(STATES)
    return [
        Crossed(row[0], row[1], row[2], dict(zip(STATES, row[3 : 3 + size], strict=True)), row[3 + size])
        for row in found
    ]


@cache
def _statement(*, past_: bool, scoped: bool, narrowed: bool) -> Statement:
    rows = (past if past_ else visible)("employment", (scoped, narrowed))
    sums = [cast(func.sum(rows.c[state]), Integer).label(state) for state in STATES]
    last = func.max(rows.c.last_signed_at).label("last_signed_at")
    summed = select(rows.c.agency_id, rows.c.key, *sums, last).group_by(rows.c.agency_id, rows.c.key).subquery()
    columns = [*(summed.c[state] for state in STATES), summed.c.last_signed_at]
    return Statement(
        select(cast(summed.c.agency_id, String), Unit.name, summed.c.key, *columns)
        .join(Unit, Unit.id == summed.c.agency_id)
        .order_by(Unit.position, summed.c.agency_id, summed.c.key),
        alone=True,
    )
