"""SQL of keeping the counters: how far they are, folds, recounts; each a statement of its own, because one statement is one snapshot."""

import hashlib
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select, text

from app.compliance.figure import Standing
from app.compliance.models import ComplianceDelta, ComplianceHead, ComplianceTree
from app.compliance.upkeep.statements import BUILD, CHECKPOINT, FOLD, PEOPLE_AT_ODDS, REDATE, VERIFY
from app.core.db import Session, take_turn
from app.core.prepared import Statement
from app.document.models import READY_FOR_SEAL, Document
from app.pledge.models import PledgeRound
from app.transparency.models import LogPending

CHECKPOINT_EVERY = 20_000
COUNTED_STATUSES = ("open", "closed")


async def standing(session: Session, round_id: UUID) -> Standing | None:
    """Return how a round and its counters stand, in one snapshot; `closed_at` is None when it was never counted."""
    found = await _standing().rows(session, round=round_id)
    if not found:
        return None
    ((status, folded, waiting, closed_at, tree),) = found
    return Standing(status, folded or 0, waiting, closed_at, tree)


@cache
def _standing() -> Statement:
    waiting = select(func.count()).where(ComplianceDelta.round_id == bindparam("round")).scalar_subquery()
    tree = select(ComplianceTree.version).scalar_subquery()
    statement = (
        select(PledgeRound.status, ComplianceHead.folded, waiting, ComplianceHead.closed_at, tree)
        .outerjoin(ComplianceHead, ComplianceHead.round_id == PledgeRound.id)
        .where(PledgeRound.id == bindparam("round"))
    )
    return Statement(statement, alone=True)


async def take_round(session: Session, round_id: UUID) -> None:
    """Wait for a round's turn: one transaction at a time folds, builds or repairs its counters."""
    await take_turn(session, _turn(round_id))


async def try_round(session: Session, round_id: UUID) -> bool:
    """Take a round's turn if nobody has it."""
    taken = await session.execute(select(func.pg_try_advisory_xact_lock(_turn(round_id))))
    return bool(taken.scalar_one())


def _turn(round_id: UUID) -> int:
    return int.from_bytes(hashlib.sha256(b"compliance" + round_id.bytes).digest()[:8], signed=True)


async def fold(session: Session, round_id: UUID, now: datetime) -> None:
    """Move what waits into the cells, stamped with the time the register knew it, and close that instant."""
    parameters = {"round": round_id, "now": now}
    row = (await session.execute(text(FOLD), parameters)).one_or_none()
    if row is None:
        return
    if row.voided:
        await session.execute(text(REDATE), {"round": round_id, "agencies": row.voided})
    if row.folded - row.checkpointed >= CHECKPOINT_EVERY:
        await session.execute(text(CHECKPOINT), parameters)


async def build(session: Session, round_id: UUID, opened_at: datetime | None, now: datetime) -> None:
    """Count a round anew from its rows; the queue stays, and so does the past."""
    parameters = {"round": round_id, "now": now, "opened": opened_at, "agencies": None}
    await session.execute(text(BUILD), parameters)


async def verify(session: Session, round_id: UUID) -> tuple[int, int]:
    """Return how many groups were compared with a recount in one snapshot, and how many differ."""
    row = (await session.execute(text(VERIFY), {"round": round_id, "agencies": None})).one()
    return row[0], row[1]


async def people_at_odds(session: Session, round_id: UUID) -> int:
    """Return how many people's rows do not say what their obligations say."""
    found: int = (await session.execute(text(PEOPLE_AT_ODDS), {"round": round_id})).scalar_one()
    return found


async def list_rounds(session: Session, *, due: bool) -> list[PledgeRound]:
    """Return the rounds that have figures; `due`: only those with changes that wait, or that were never counted."""
    statement = select(PledgeRound).where(PledgeRound.status.in_(COUNTED_STATUSES)).order_by(PledgeRound.id)
    if due:
        waiting = select(ComplianceDelta.id).where(ComplianceDelta.round_id == PledgeRound.id).exists()
        counted = select(ComplianceHead.round_id).where(ComplianceHead.round_id == PledgeRound.id).exists()
        statement = statement.where(or_(waiting, ~counted))
    return list((await session.execute(statement)).scalars())


async def waiting(session: Session) -> tuple[int, datetime | None, int]:
    """Return how many signed documents wait for their seal, since when the oldest does, and how many facts wait for the log."""
    facts = select(func.count()).select_from(LogPending).scalar_subquery()
    statement = select(func.count(), func.min(Document.signed_at), facts).where(text(READY_FOR_SEAL))
    row = (await session.execute(statement)).one()
    return row[0], row[1], row[2]
