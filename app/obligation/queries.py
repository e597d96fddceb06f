"""SQL of obligations. Order of locks everywhere: participant, then obligations."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select, text, tuple_, update

from app.core.db import Session
from app.core.prepared import Prepared, Statement, among
from app.core.principal import Scope
from app.obligation.models import Obligation, Participant
from app.pledge.models import Openness, PledgeRound

# What every ceremony asks.
_MINE = Prepared(
    select(Obligation, PledgeRound)
    .join(PledgeRound, PledgeRound.id == Obligation.round_id)
    .where(
        Obligation.employee_id == bindparam("employee_id"),
        or_(PledgeRound.status == "open", PledgeRound.status == "closed"),
    )
    .order_by(PledgeRound.id.desc(), Obligation.id)
)
_BY_IDS = Prepared(
    select(Obligation, PledgeRound.title, PledgeRound.status, PledgeRound.opens_at, PledgeRound.closes_at)
    .join(PledgeRound, PledgeRound.id == Obligation.round_id)
    .where(among(Obligation.id, "ids"), Obligation.employee_id == bindparam("employee_id"))
)
_IN_ROUNDS = (
    select(Participant)
    .where(
        among(Participant.round_id, "round_ids"),
        Participant.employee_id == bindparam("employee_id"),
    )
    .order_by(Participant.round_id)
)
_PARTICIPANTS = Prepared(_IN_ROUNDS)
_PARTICIPANTS_LOCKED = Prepared(_IN_ROUNDS.with_for_update(), fresh=True)  # not as they were read before
# One statement for both tables: what is counted is what was changed, and a request of the ceremony waits once. Arrays by subselect: see `among`.
_MARK_SIGNED = Statement(
    text("""
WITH signed AS (
  UPDATE obligation o SET state = 'signed', document_id = p.document, signed_at = :at, declined_at = NULL, declined_reason = NULL
  FROM unnest((SELECT CAST(:obligations AS uuid[])), (SELECT CAST(:documents AS uuid[]))) p(obligation, document)
  WHERE o.id = p.obligation AND o.state = 'pending' RETURNING 1
), counted AS (SELECT count(*)::int AS n FROM signed), moved AS (
  UPDATE participant SET n_pending = n_pending - n, n_signed = n_signed + n, signed_at = greatest(coalesce(signed_at, :at), :at)
  FROM counted WHERE round_id = :round_id AND employee_id = :employee_id
)
SELECT n FROM counted""")
)


async def list_mine(session: Session, employee_id: UUID) -> list[tuple[Obligation, PledgeRound]]:
    """Return a person's obligations in rounds that have opened, newest round first."""
    return await _MINE.all(session, employee_id=employee_id)


async def lock_participants(
    session: Session, round_ids: Collection[UUID], employee_id: UUID
) -> dict[UUID, Participant]:
    """Lock a person's rows of rounds, in their order: two pledges signed at once must not both read the old count."""
    rows = await _PARTICIPANTS_LOCKED.all(session, round_ids=list(round_ids), employee_id=employee_id)
    return {person.round_id: person for (person,) in rows}


async def find_participant(session: Session, round_id: UUID, employee_id: UUID) -> Participant | None:
    """Return a person's row of a round."""
    found = await _PARTICIPANTS.first(session, round_ids=[round_id], employee_id=employee_id)
    return found[0] if found else None


async def list_by_ids(session: Session, ids: Sequence[UUID], employee_id: UUID) -> list[tuple[Obligation, Openness]]:
    """Return a person's obligations among the ids, and when their rounds are open."""
    rows = await _BY_IDS.all(session, ids=list(ids), employee_id=employee_id)
    return [(owed, Openness(title, status, opens_at, closes_at)) for owed, title, status, opens_at, closes_at in rows]


async def mark_signed(
    session: Session, round_id: UUID, employee_id: UUID, documents: Sequence[tuple[UUID, UUID]], at: datetime
) -> int:
    """Set (obligation, document) pairs of a person to signed where they are pending, and move the person's counts; return how many."""
    rows = await _MARK_SIGNED.rows(
        session,
        round_id=round_id,
        employee_id=employee_id,
        obligations=[obligation for obligation, _ in documents],
        documents=[document for _, document in documents],
        at=at,
    )
    return int(rows[0][0])


async def mark_owed_again(session: Session, document_id: UUID) -> int:
    """Set what a document fulfilled to pending; return how many obligations that were: one or none."""
    statement = (
        update(Obligation)
        .where(Obligation.document_id == document_id, Obligation.state == "signed")
        .values(state="pending", document_id=None, signed_at=None)
        .execution_options(synchronize_session=False)
    )
    result: Any = await session.execute(statement)
    return int(result.rowcount)


async def count_owed_again(session: Session, round_id: UUID, employee_id: UUID) -> None:
    """Move one of a participant's counts from signed to pending; the time of signing is that of what is left."""
    left = select(func.max(Obligation.signed_at)).where(
        Obligation.round_id == round_id, Obligation.employee_id == employee_id, Obligation.state == "signed"
    )
    await session.execute(
        update(Participant)
        .where(Participant.round_id == round_id, Participant.employee_id == employee_id)
        .values(
            n_pending=Participant.n_pending + 1,
            n_signed=Participant.n_signed - 1,
            signed_at=left.scalar_subquery(),
        )
        .execution_options(synchronize_session=False)
    )


async def mark_declined(session: Session, ids: Sequence[UUID], reason: str, at: datetime) -> None:
    """Write a decline to pending obligations."""
    await session.execute(
        update(Obligation)
        .where(Obligation.id.in_(ids), Obligation.state == "pending")
        .values(declined_at=at, declined_reason=reason)
    )


async def list_owed(session: Session, round_id: UUID, employee_ids: Sequence[UUID]) -> list[Obligation]:
    """Return every obligation people have in a round."""
    statement = select(Obligation).where(Obligation.round_id == round_id, Obligation.employee_id.in_(employee_ids))
    return list((await session.execute(statement.order_by(Obligation.id))).scalars())


async def list_participants(
    session: Session,
    round_id: UUID,
    scope: Scope,
    *,
    state: str | None,
    agency_id: UUID | None,
    unit_id: UUID | None,
    search: str | None,
    declined: bool = False,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[Participant]:
    """Return people of a round inside the caller's scope, by name."""
    statement = select(Participant).where(Participant.round_id == round_id)
    if scope.agencies is not None:
        statement = statement.where(Participant.agency_id.in_(scope.agencies))
    if state is not None:
        statement = statement.where(Participant.state == state)
    if agency_id is not None:
        statement = statement.where(Participant.agency_id == agency_id)
    if unit_id is not None:
        statement = statement.where(Participant.unit_id == unit_id)
    if search:
        pattern = search.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        statement = statement.where(func.lower(Participant.name).like(f"%{pattern}%"))
    if declined:
        refused = select(Obligation.employee_id).where(
            Obligation.round_id == round_id, Obligation.declined_at.is_not(None)
        )
        statement = statement.where(Participant.employee_id.in_(refused))
    if after is not None:
        statement = statement.where(tuple_(Participant.name, Participant.employee_id) > after)
    statement = statement.order_by(Participant.name, Participant.employee_id).limit(limit)
    return list((await session.execute(statement)).scalars())
