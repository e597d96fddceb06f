"""Reach exemptions and what they hold in the one order of locks (round, participant, obligation, exemption), and log them."""

import hashlib
import json
from datetime import datetime
from uuid import UUID

from app.core.db import Session
from app.core.errors import NotFound
from app.core.principal import Principal
from app.obligation import service as obligation
from app.obligation.exemption import queries
from app.obligation.models import Exemption, Obligation, Participant
from app.pledge import service as pledge
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity


async def locked_obligation(session: Session, actor: Principal, obligation_id: UUID) -> tuple[Participant, Obligation]:
    """Return an obligation of a running round and whose it is, locked; one outside the caller's scope does not exist for them.

    Raises `NotFound` and `RoundNotOpen`.
    """
    found = await queries.find_obligation(session, obligation_id)
    if found is None:
        raise NotFound
    person = await obligation.get_participant(session, found.round_id, found.employee_id)
    if actor.scope.agencies is not None and person.agency_id not in actor.scope.agencies:
        raise NotFound
    await pledge.hold_running(session, found.round_id)
    person = (await obligation.lock(session, found.employee_id, [found.round_id]))[found.round_id]
    owed = await queries.find_obligation(session, obligation_id, lock=True)
    if owed is None:
        raise NotFound
    return person, owed


async def locked_exemption(session: Session, before: Exemption) -> tuple[Participant, Exemption]:
    """Return an exemption of a running round and whose it is, locked and as it stands now."""
    await pledge.hold_running(session, before.round_id)
    rows = await obligation.lock(session, before.employee_id, [before.round_id])
    found = await queries.find(session, before.id, lock=True)
    if found is None:
        raise NotFound
    return rows[before.round_id], found


async def log_fact(
    session: Session, log: LogIdentity, fact: Fact, what: Exemption, by: UUID | None, now: datetime
) -> None:
    """Write the digest of an exemption as it stands into the log; the log itself holds no personal data."""
    await session.flush()
    told = {column.key: getattr(what, column.key) for column in Exemption.__table__.columns}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).digest()
    await transparency.record(session, log, [transparency.Entry(fact, what.id, digest, now, by)])
