"""SQL of exemptions. Order of locks: round, participant, then obligations and the exemption."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select, text, update

from app.core.db import Session
from app.core.principal import Scope
from app.obligation.models import Exemption, Obligation, Participant
from app.pledge.models import PledgeRound

# The participant's row is locked before; the triggers of the counters do the rest.
_SWITCH = """
WITH wanted AS (
  SELECT CAST(:exemption AS uuid) AS exemption, CAST(:before AS text) AS before, CAST(:after AS text) AS after,
    CAST(:reason AS text) AS reason, CAST(:was AS text) AS was),
owed AS (
  SELECT o.id, w.* FROM obligation o CROSS JOIN wanted w
  WHERE o.round_id = :round AND o.employee_id = :person AND o.state = w.before
    AND (o.exemption_id = w.exemption OR w.exemption IS NULL AND o.exemption_id IS NULL AND o.reason = w.was)
  ORDER BY o.id FOR UPDATE OF o),
moved AS (
  UPDATE obligation o SET state = w.after, reason = w.reason,
    exemption_id = CASE WHEN w.after <> 'pending' THEN o.exemption_id END
  FROM owed w WHERE o.id = w.id),
moving AS (
  SELECT n * ((w.after = 'pending')::int - (w.before = 'pending')::int) AS pending,
    n * ((w.after = 'deferred')::int - (w.before = 'deferred')::int) AS deferred,
    n * ((w.after = 'exempt')::int - (w.before = 'exempt')::int) AS exempt
  FROM wanted w CROSS JOIN (SELECT count(*)::int AS n FROM owed) c)
UPDATE participant p SET n_pending = p.n_pending + m.pending, n_deferred = p.n_deferred + m.deferred,
  n_exempt = p.n_exempt + m.exempt
FROM moving m WHERE p.round_id = :round AND p.employee_id = :person
RETURNING p.state
"""


async def find_obligation(session: Session, obligation_id: UUID, *, lock: bool = False) -> Obligation | None:
    """Return an obligation as it stands; `lock` only after the participant's row."""
    statement = select(Obligation).where(Obligation.id == obligation_id).execution_options(populate_existing=True)
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()


async def list_free(session: Session, round_id: UUID, employee_id: UUID) -> list[Obligation]:
    """Return what a person owes in a round and no exemption holds, locked."""
    statement = select(Obligation).where(
        Obligation.round_id == round_id,
        Obligation.employee_id == employee_id,
        Obligation.state == "pending",
        Obligation.exemption_id.is_(None),
    )
    return list((await session.execute(statement.order_by(Obligation.id).with_for_update())).scalars())


async def hold(session: Session, ids: Collection[UUID], exemption_id: UUID | None) -> None:
    """Let an exemption hold obligations, or nobody."""
    statement = update(Obligation).where(Obligation.id.in_(ids)).values(exemption_id=exemption_id)
    await session.execute(statement.execution_options(synchronize_session=False))


async def let_go(session: Session, exemption_id: UUID) -> None:
    """Let the obligations an exemption holds go, in the state they are in."""
    statement = update(Obligation).where(Obligation.exemption_id == exemption_id).values(exemption_id=None)
    await session.execute(statement.execution_options(synchronize_session=False))


async def switch(
    session: Session,
    round_id: UUID,
    employee_id: UUID,
    exemption_id: UUID | None,
    *,
    before: str,
    after: str,
    reason: str = "",
    was: str = "",
) -> str:
    """Bring what an exemption holds (or, without one, what is so for the reason `was`) from a state to another.

    Going back to pending lets it go. Returns the person's state.
    """
    values = {
        "round": round_id,
        "person": employee_id,
        "exemption": exemption_id,
        "before": before,
        "after": after,
        "reason": reason,
        "was": was,
    }
    found: str = (await session.execute(text(_SWITCH), values)).scalar_one()
    return found


async def find(session: Session, exemption_id: UUID, *, lock: bool = False) -> Exemption | None:
    """Return an exemption as it stands."""
    statement = select(Exemption).where(Exemption.id == exemption_id).execution_options(populate_existing=True)
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()


async def find_newest(session: Session, obligation: Obligation) -> Exemption | None:
    """Return the newest exemption that ever covered an obligation."""
    statement = (
        select(Exemption)
        .where(
            Exemption.round_id == obligation.round_id,
            Exemption.employee_id == obligation.employee_id,
            Exemption.pledges.contains([obligation.pledge]),
        )
        .order_by(Exemption.id.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def list_exemptions(
    session: Session,
    round_id: UUID,
    scope: Scope,
    *,
    state: str | None,
    kind: str | None,
    agency_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Exemption]:
    """Return exemptions of a round inside the scope, the newest first."""
    statement = select(Exemption).where(Exemption.round_id == round_id)
    wanted = (
        None if scope.agencies is None else Exemption.agency_id.in_(scope.agencies),
        None if state is None else Exemption.state == state,
        None if kind is None else Exemption.kind == kind,
        None if agency_id is None else Exemption.agency_id == agency_id,
        None if before is None else Exemption.id < before,
    )
    statement = statement.where(*(condition for condition in wanted if condition is not None))
    return list((await session.execute(statement.order_by(Exemption.id.desc()).limit(limit))).scalars())


async def names(session: Session, round_id: UUID, employee_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the frozen names of people of a round."""
    statement = select(Participant.employee_id, Participant.name).where(
        Participant.round_id == round_id, Participant.employee_id.in_(employee_ids)
    )
    return {row.employee_id: row.name for row in await session.execute(statement)}


async def list_expired(session: Session, today: date, limit: int) -> list[UUID]:
    """Return approved deferrals of open rounds whose last day is over."""
    statement = (
        select(Exemption.id)
        .join(PledgeRound, PledgeRound.id == Exemption.round_id)
        .where(Exemption.state == "approved", Exemption.until < today, PledgeRound.status == "open")
        .order_by(Exemption.until, Exemption.id)
        .limit(limit)
    )
    return list((await session.execute(statement)).scalars())
