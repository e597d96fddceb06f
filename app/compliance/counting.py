"""Keep the counters: fold what waits, count a round anew, compare with a recount.

A signer locks nothing here. The counters of a round change in one transaction at a time, that of the fold job, of a reader who finds too
much waiting, or of a repair; each takes the round's turn before its snapshot.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.compliance.figure import Standing
from app.compliance.upkeep import queries
from app.compliance.upkeep.queries import COUNTED_STATUSES
from app.core.db import Session
from app.core.errors import NotFound
from app.pledge import service as pledge

MOST_WAITING = 2_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """A round's figures against a recount: groups compared, groups that differ, people whose row contradicts their obligations."""

    round_id: UUID
    title: str
    groups: int
    wrong: int
    people_at_odds: int

    @property
    def right(self) -> bool:
        """Whether nothing differs."""
        return not self.wrong and not self.people_at_odds


async def bring_up(session: Session, round_id: UUID, *, now: datetime, close: datetime | None = None) -> Standing:
    """Return how a round and its counters stand, after counting it when it never was, and folding when too much waits.

    `close` is an instant that must be closed: nothing may be stamped at or before it afterwards. Raises `NotFound`.
    """
    found = await _standing(session, round_id)
    if found.closed_at is None:
        if found.status not in COUNTED_STATUSES:
            return found
        await queries.take_round(session, round_id)
        await _count_once(session, round_id, now)
        found = await _standing(session, round_id)
    if close is not None and found.closed_at is not None and close > found.closed_at:
        await queries.take_round(session, round_id)
        await queries.fold(session, round_id, now)
    elif found.waiting > MOST_WAITING and await queries.try_round(session, round_id):
        await queries.fold(session, round_id, now)
    else:
        return found
    return await _standing(session, round_id)


async def due(session: Session) -> list[UUID]:
    """Return the rounds with changes that wait, or that were never counted."""
    return [found.id for found in await queries.list_rounds(session, due=True)]


async def fold(session: Session, round_id: UUID, *, now: datetime) -> None:
    """Fold what waits in a round, counting it first when it never was."""
    await queries.take_round(session, round_id)
    await _count_once(session, round_id, now)
    await queries.fold(session, round_id, now)


async def rebuild(session: Session, round_id: UUID, *, now: datetime) -> None:
    """Count a round anew from its rows. Signing goes on meanwhile, and what was told of the past stays as it was."""
    pledge_round = await pledge.get_round(session, round_id)
    await queries.take_round(session, round_id)
    await queries.fold(session, round_id, now)
    await queries.build(session, round_id, pledge_round.opened_at, now)


async def verify(session: Session) -> list[Comparison]:
    """Compare every round's figures with a recount; each round in one snapshot."""
    found = []
    for pledge_round in await queries.list_rounds(session, due=False):
        if (await _standing(session, pledge_round.id)).closed_at is None:
            continue  # never counted: its first reader does
        groups, wrong = await queries.verify(session, pledge_round.id)
        at_odds = await queries.people_at_odds(session, pledge_round.id)
        found.append(Comparison(pledge_round.id, pledge_round.title, groups, wrong, at_odds))
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """What jobs have not done yet: documents without seal (and since when the oldest), facts not in the log."""

    documents: int
    since: datetime | None
    facts: int


async def waiting(session: Session) -> Waiting:
    """Return what waits for jobs."""
    return Waiting(*await queries.waiting(session))


async def _count_once(session: Session, round_id: UUID, now: datetime) -> None:
    """Count a round that never was; the caller has its turn, so nobody else has done it meanwhile."""
    if (await _standing(session, round_id)).closed_at is None:
        pledge_round = await pledge.get_round(session, round_id)
        await queries.build(session, round_id, pledge_round.opened_at, now)


async def _standing(session: Session, round_id: UUID) -> Standing:
    found = await queries.standing(session, round_id)
    if found is None:
        raise NotFound
    return found
