"""SQL of obligations. Order of locks everywhere: participant, then obligations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, column, func, select, tuple_, update, values

from app.core.db import Session
from app.core.principal import Scope
from app.obligation.models import Obligation, Participant
from app.pledge.models import PledgeRound


async def list_mine(session: Session, employee_id: UUID) -> list[tuple[Obligation, PledgeRound]]:
    """Return a person's obligations in rounds that have opened, newest round first."""
    statement = (
        select(Obligation, PledgeRound)
        .join(PledgeRound, PledgeRound.id == Obligation.round_id)
        .where(Obligation.employee_id == employee_id, PledgeRound.status.in_(("open", "closed")))
        .order_by(PledgeRound.id.desc(), Obligation.id)
    )
    return [(obligation, pledge_round) for obligation, pledge_round in await session.execute(statement)]


async def lock_participant(session: Session, round_id: UUID, employee_id: UUID) -> Participant | None:
    """Lock a person's row of a round: two pledges signed at once must not both read the old count."""
    statement = select(Participant).where(Participant.round_id == round_id, Participant.employee_id == employee_id)
    locked = statement.with_for_update().execution_options(populate_existing=True)  # not as it was read before
    return (await session.execute(locked)).scalar_one_or_none()


async def find_participant(session: Session, round_id: UUID, employee_id: UUID) -> Participant | None:
    """Return a person's row of a round."""
    statement = select(Participant).where(Participant.round_id == round_id, Participant.employee_id == employee_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def list_by_ids(session: Session, ids: Sequence[UUID], employee_id: UUID) -> list[Obligation]:
    """Return a person's obligations among the ids."""
    statement = select(Obligation).where(Obligation.id.in_(ids), Obligation.employee_id == employee_id)
    return list((await session.execute(statement)).scalars())


async def mark_signed(session: Session, documents: Sequence[tuple[UUID, UUID]], at: datetime) -> int:
    """Set (obligation, document) pairs to signed where they are pending; return how many were."""
    pairs = values(column("obligation", Uuid), column("document", Uuid), name="pairs").data(list(documents))
    statement = (
        update(Obligation)
        .where(Obligation.id == pairs.c.obligation, Obligation.state == "pending")
        .values(
            state="signed",
            document_id=pairs.c.document,
            signed_at=at,
            declined_at=None,
            declined_reason=None,
        )
        .execution_options(synchronize_session=False)
    )
    result: Any = await session.execute(statement)
    return int(result.rowcount)


async def count_signed(session: Session, round_id: UUID, employee_id: UUID, count: int, at: datetime) -> None:
    """Move counts of a participant from pending to signed."""
    await session.execute(
        update(Participant)
        .where(Participant.round_id == round_id, Participant.employee_id == employee_id)
        .values(
            n_pending=Participant.n_pending - count,
            n_signed=Participant.n_signed + count,
            signed_at=func.greatest(func.coalesce(Participant.signed_at, at), at),
        )
    )


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
