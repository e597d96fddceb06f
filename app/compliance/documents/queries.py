"""SQL of finished documents: folded counters and the deltas that wait, never a count over documents."""

from datetime import date
from uuid import UUID

from sqlalchemy import Integer, cast, func, or_, select, text, union_all

from app.asn.models import UnitHead
from app.compliance.models import ComplianceDocument, ComplianceDocumentDelta
from app.core.db import Session, take_turn
from app.core.principal import Scope
from app.countersigner.models import Countersigner
from app.obligation.models import Participant
from app.opd.models import Unit

_TURN = 0x444F4353
_WAITING = text("SELECT EXISTS (SELECT FROM compliance_document_delta)")
# What the DELETE takes is exactly what the INSERT adds.
_FOLD = text("""
WITH gone AS (DELETE FROM compliance_document_delta RETURNING *)
INSERT INTO compliance_document AS c (round_id, agency_id, countersigned, sealed)
SELECT round_id, agency_id, sum(countersigned), sum(sealed) FROM gone GROUP BY 1, 2
ON CONFLICT (round_id, agency_id) DO UPDATE SET
  countersigned = c.countersigned + excluded.countersigned, sealed = c.sealed + excluded.sealed
""")

# What every counter and the deltas that wait come to, beside a count over the documents: the condition is that of the triggers.
_COMPARED = """
WITH truth AS (
  SELECT round_id, agency_id, count(*) FILTER (WHERE countersigned_at IS NOT NULL) AS countersigned,
    count(*) FILTER (WHERE state = 'sealed') AS sealed
  FROM document WHERE state IN ('countersigned', 'sealed') GROUP BY 1, 2),
waiting AS (
  SELECT round_id, agency_id, sum(countersigned) AS countersigned, sum(sealed) AS sealed
  FROM compliance_document_delta GROUP BY 1, 2),
compared AS (
  SELECT round_id, agency_id,
    coalesce(t.countersigned, 0) AS countersigned, coalesce(t.sealed, 0) AS sealed,
    coalesce(w.countersigned, 0) AS countersigned_waiting, coalesce(w.sealed, 0) AS sealed_waiting,
    coalesce(c.countersigned, 0) AS countersigned_counted, coalesce(c.sealed, 0) AS sealed_counted
  FROM truth t FULL JOIN waiting w USING (round_id, agency_id)
  FULL JOIN compliance_document c USING (round_id, agency_id))
"""
_VERIFY = text(
    f"""
{_COMPARED}
SELECT count(*), count(*) FILTER (WHERE countersigned_counted + countersigned_waiting <> countersigned
  OR sealed_counted + sealed_waiting <> sealed)
FROM compared
"""  # noqa: S608 - constants
)
_REPAIR = text(
    f"""
{_COMPARED}
INSERT INTO compliance_document (round_id, agency_id, countersigned, sealed)
SELECT round_id, agency_id, countersigned - countersigned_waiting, sealed - sealed_waiting FROM compared
ON CONFLICT (round_id, agency_id) DO UPDATE SET countersigned = excluded.countersigned, sealed = excluded.sealed
"""  # noqa: S608 - constants
)


async def fold(session: Session) -> None:
    """Move what waits into the counters; the turn comes before the snapshot."""
    if (await session.execute(_WAITING)).scalar_one():
        await take_turn(session, _TURN)
        await session.execute(_FOLD)


async def verify(session: Session) -> tuple[int, int]:
    """Return how many agencies' counters were compared with a recount in one snapshot, and how many differ."""
    row = (await session.execute(_VERIFY)).one()
    return row[0], row[1]


async def repair(session: Session) -> None:
    """Count anew, less what waits in the same snapshot; the turn comes before it, so no fold moves what waits meanwhile."""
    await take_turn(session, _TURN)
    await session.execute(_REPAIR)


async def counts(session: Session, round_id: UUID, scope: Scope) -> dict[UUID, tuple[int, int]]:
    """Return (countersigned, sealed) by agency at this moment's snapshot."""
    rows = union_all(
        *(
            select(table.agency_id, table.countersigned, table.sealed).where(table.round_id == round_id)
            for table in (ComplianceDocument, ComplianceDocumentDelta)
        )
    ).subquery()
    sums = (cast(func.sum(rows.c.countersigned), Integer), cast(func.sum(rows.c.sealed), Integer))
    statement = select(rows.c.agency_id, *sums).group_by(rows.c.agency_id)
    if scope.agencies is not None:
        statement = statement.where(rows.c.agency_id.in_(scope.agencies))
    return {agency: (countersigned, sealed) for agency, countersigned, sealed in await session.execute(statement)}


async def heads(session: Session, round_id: UUID, on: date, scope: Scope) -> dict[UUID, bool]:
    """Return whether the head of each agency has signed: who is recorded as its head on a day, else who takes note for it in the round.

    Of heads who take no part in the round nothing is said.
    """
    on_that_day = UnitHead.valid_from <= on, or_(UnitHead.valid_to.is_(None), UnitHead.valid_to > on)
    recorded = select(UnitHead.unit_id, UnitHead.employee_id).where(*on_that_day)
    noting = select(Countersigner.agency_id, Countersigner.employee_id).where(
        Countersigner.round_id == round_id,
        Countersigner.superseded_at.is_(None),
        ~select(UnitHead.unit_id).where(UnitHead.unit_id == Countersigner.agency_id, *on_that_day).exists(),
    )
    leading = union_all(recorded, noting).subquery()
    statement = (
        select(leading.c.unit_id, func.bool_and(Participant.state == "signed"))
        .join(Unit, Unit.id == leading.c.unit_id)
        .join(Participant, Participant.employee_id == leading.c.employee_id)
        .where(Participant.round_id == round_id, Unit.is_agency)
        .group_by(leading.c.unit_id)
    )
    if scope.agencies is not None:
        statement = statement.where(leading.c.unit_id.in_(scope.agencies))
    return {row[0]: row[1] for row in await session.execute(statement)}
