"""People with a name in units so called: where few stand there the index is asked for them alone, else it is read a little at a time.

Asking of each person in the index which unit they stand in costs most; so it is asked only of those who come next in order.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.asn.search import queries
from app.core.db import Session

_FEW_STAFF = 1_000
_EACH, _MOST_EACH = 24, 400
_OF_STAFF = "AND t.employee_id = ANY(CAST(:staff AS uuid[]))"
Found = tuple[str, str, UUID]


async def list_found(
    session: Session,
    agencies: Sequence[UUID],
    *,
    words: Sequence[str] | None,
    prefix: str,
    after: Found | None,
    conditions: dict[str, Any],
    filters: Sequence[str],
    limit: int,
) -> list[Found]:
    """Return what `queries.list_found` does of the people in `conditions["in_units"]`."""
    units: list[UUID] = conditions["in_units"]
    values = {name: value for name, value in conditions.items() if name != "in_units"}
    asked: dict[str, Any] = {"words": words, "prefix": prefix}
    staff = await queries.list_few_staff(session, units, _FEW_STAFF)
    if len(staff) < _FEW_STAFF:
        asked |= {"filters": [*filters, _OF_STAFF], "conditions": values | {"staff": staff}}
        return await queries.list_found(session, agencies, after=after, limit=limit, **asked)
    found: list[Found] = []
    each = _EACH
    while True:
        rows = await queries.list_each(
            session, agencies, after=after, each=each, filters=filters, conditions=values, **asked
        )
        certain, ended = _in_order(rows, each)
        inside = await queries.list_inside(session, [row[2] for row in certain], units)
        found += [row for row in certain if row[2] in inside]
        if ended or len(found) >= limit:
            return found[:limit]
        after, each = certain[-1], min(each * 2, _MOST_EACH)


def _in_order(rows: Sequence[tuple[UUID, Found]], each: int) -> tuple[list[Found], bool]:
    """Return the rows whose place among all is certain, in order, and whether there are no more.

    Of a run that was cut off nothing is known behind its last row, so nothing of the others is certain behind the first such end. A
    run is an agency and a word: which of them were cut off is known by how many rows came.
    """
    runs: dict[tuple[UUID, str], list[Found]] = {}
    by_agency = Counter(agency for agency, _ in rows)
    for agency, row in rows:
        runs.setdefault((agency, row[0]), []).append(row)
    ends = [max(run) for run in runs.values() if len(run) == each]
    ends += [max(row for of, row in rows if of == agency) for agency, count in by_agency.items() if count == each]
    ordered = sorted(row for _, row in rows)
    return ([row for row in ordered if row <= min(ends)], False) if ends else (ordered, True)
