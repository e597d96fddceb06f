"""Open a round over a roster, and keep what every person owes."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.asn import service as asn
from app.core import jobs
from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.errors import NotFound
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.settings import ServiceSettings
from app.countersigner import service as countersigner
from app.obligation import queries
from app.obligation.enrolling import enrol
from app.obligation.errors import ObligationNotPending, RosterEmpty
from app.obligation.legal_status import state_of
from app.obligation.models import Obligation, Participant
from app.obligation.population import service as population
from app.obligation.population.queries import selected
from app.pdf.inputs import TrustMaterial
from app.pledge import service as pledge
from app.pledge.models import PledgeRound
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

ASSIGN_JOB = "round.assign"
BATCH = 5_000


async def open_round(session: Session, actor: Principal, round_id: UUID) -> PledgeRound:
    """Open a round. The work grows with the roster, so a job does it; until then the round is `opening`."""
    opening = await pledge.begin_opening(session, actor, round_id)
    if not await asn.has_employees(session):
        raise RosterEmpty
    await jobs.defer(session, ASSIGN_JOB, round_id=str(round_id))
    return opening


async def assign(
    session: Session,
    round_id: UUID,
    *,
    settings: ServiceSettings,
    trust: TrustMaterial,
    blobs: BlobStore,
    log: LogIdentity,
    now: datetime,
) -> None:
    """Freeze texts and denominator of an opening round: both here and not at signing, in one transaction.

    Asked for twice (a job may run again) it does nothing the second time.
    """
    pledge_round = await pledge.get_round(session, round_id, lock=True)
    if pledge_round.status != "opening":
        return
    pledges = await pledge.freeze_templates(session, pledge_round, settings=settings, trust=trust, blobs=blobs)
    counts: Counter[str] = Counter()
    await asn.hold_roster(session)  # whoever changes it afterwards finds the round open, and notes whom they changed
    rule = await population.freeze(session, pledge_round, now=now)
    async for people in asn.stream_current(session, BATCH, selected(rule)):
        states = [state_of(rule.legal_status, person.legal_status) for person in people]
        counts.update(states)
        await enrol(session, round_id, people, states, pledges)
    if pledge_round.countersign:
        await countersigner.assign_heads(session, round_id, now=now)
    pledge_round.status, pledge_round.opened_at = "open", now
    frozen = json.dumps(
        {
            "counts": counts,
            "population": pledge_round.population,
            "prefixes": [p.prefixes for p in pledges],
            "round": str(round_id),
        },
        sort_keys=True,
    )
    digest = hashlib.sha256(frozen.encode()).digest()
    await transparency.record(session, log, [transparency.Entry(Fact.ROUND_OPENED, round_id, digest, now)])


async def list_mine(session: Session, actor: Principal) -> list[tuple[Obligation, PledgeRound]]:
    """Return what the caller owes and has signed."""
    return await queries.list_mine(session, actor.require_employee())


async def list_of(session: Session, employee_id: UUID) -> list[tuple[Obligation, PledgeRound]]:
    """Return what a person owes and has signed, in rounds that have opened; whether the caller may know is asked before."""
    return await queries.list_mine(session, employee_id)


async def require_pending(
    session: Session, employee_id: UUID, ids: Sequence[UUID], *, now: datetime
) -> list[Obligation]:
    """Return a person's pending obligations of open rounds in the order asked for; refuses the whole list otherwise."""
    rows = await queries.list_by_ids(session, ids, employee_id)
    found = {owed.id: owed for owed, _ in rows}
    if len(found) != len(set(ids)):
        raise NotFound
    for _, pledge_round in rows:
        pledge.require_open(pledge_round, now)
    if any(o.state != "pending" for o in found.values()):
        raise ObligationNotPending
    return [found[i] for i in dict.fromkeys(ids)]


async def get_participant(session: Session, round_id: UUID, employee_id: UUID) -> Participant:
    """Return a person's frozen row of a round."""
    found = await queries.find_participant(session, round_id, employee_id)
    if found is None:
        raise NotFound
    return found


async def lock(session: Session, employee_id: UUID, round_ids: Sequence[UUID]) -> dict[UUID, Participant]:
    """Lock a person's rows, in one order everywhere, before anything of theirs changes; return them by round."""
    found = await queries.lock_participants(session, set(round_ids), employee_id)
    if len(found) != len(set(round_ids)):
        raise NotFound
    return found


async def fulfil(
    session: Session, employee_id: UUID, round_id: UUID, documents: Sequence[tuple[UUID, UUID]], *, at: datetime
) -> None:
    """Mark (obligation, document) pairs of one person and round as signed; raises `ObligationNotPending` for any that is not."""
    if await queries.mark_signed(session, round_id, employee_id, documents, at) != len(documents):
        raise ObligationNotPending


async def reopen(session: Session, employee_id: UUID, round_id: UUID, document_id: UUID) -> None:
    """What a document fulfilled is owed again; the person's rows are locked (`lock`) before. Does nothing the second time."""
    if await queries.mark_owed_again(session, document_id):
        await queries.count_owed_again(session, round_id, employee_id)


async def decline(session: Session, ids: Sequence[UUID], reason: str, *, at: datetime) -> None:
    """Write down that a person would not sign; the obligations stay pending, and a later signature clears it."""
    await queries.mark_declined(session, ids, reason, at)


async def obligations_of(
    session: Session, round_id: UUID, employee_ids: Sequence[UUID]
) -> dict[UUID, list[Obligation]]:
    """Return what people of a round owe or owed, by person."""
    found: dict[UUID, list[Obligation]] = {}
    for owed in await queries.list_owed(session, round_id, employee_ids):
        found.setdefault(owed.employee_id, []).append(owed)
    return found


async def list_participants(
    session: Session, actor: Principal, round_id: UUID, limit: int, **filters: Any
) -> list[Participant]:
    """Return people of a round inside the caller's scope, by name."""
    actor.require(Permission.OBLIGATION_READ)
    await pledge.get_round(session, round_id)
    return await queries.list_participants(session, round_id, actor.scope, limit=limit, **filters)
