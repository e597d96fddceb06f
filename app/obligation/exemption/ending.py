"""The end of an exemption: withdrawn, or run out; what it covered is owed again."""

from datetime import date, datetime
from uuid import UUID

from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.obligation import service as obligation
from app.obligation.errors import ExemptionNone
from app.obligation.exemption import queries
from app.obligation.exemption.access import locked_exemption, locked_obligation, log_fact
from app.obligation.following import queries as following
from app.obligation.following.recording import Change, record
from app.obligation.models import Exemption, Obligation
from app.obligation.population.service import rule_of
from app.pledge import service as pledge
from app.transparency.record import Fact, LogIdentity


async def withdraw(
    session: Session,
    actor: Principal,
    log: LogIdentity,
    obligation_id: UUID,
    reason: str,
    *,
    today: date,
    now: datetime,
) -> tuple[Obligation, Exemption | None]:
    """Take an exemption back: what it covered is owed again. Doing it again changes nothing.

    Somebody whose code made it optional is asked from now on, too. Raises `NotFound`, `RoundNotOpen`, `ExemptionNone`.
    """
    actor.require(Permission.EXEMPTION_REQUEST)
    _, owed = await locked_obligation(session, actor, obligation_id)
    if owed.exemption_id is None:
        newest = await queries.find_newest(session, owed)
        if not await _release_optional(session, actor, log, owed, today=today, now=now) and (
            newest is None or newest.state != "withdrawn"
        ):
            raise ExemptionNone
    else:
        newest = await queries.find(session, owed.exemption_id, lock=True)
        if newest is None:
            raise ExemptionNone
        await _end(session, log, newest, "withdrawn", reason, by=actor.id, today=today, now=now)
    return await queries.find_obligation(session, obligation_id) or owed, newest


async def expire(session: Session, log: LogIdentity, exemption_id: UUID, *, today: date, now: datetime) -> None:
    """Let a deferral whose last day is over run out; does nothing the second time, nor in a round that has closed."""
    found = await queries.find(session, exemption_id)
    if found is None or found.state != "approved" or found.until is None or found.until >= today:
        return
    if (await pledge.get_round(session, found.round_id)).status != "open":
        return
    _, found = await locked_exemption(session, found)
    if found.state == "approved":
        await _end(session, log, found, "expired", "", by=None, today=today, now=now)


async def list_expired(session: Session, today: date, limit: int) -> list[UUID]:
    """Return deferrals of open rounds that have run out."""
    return await queries.list_expired(session, today, limit)


async def _release_optional(
    session: Session, actor: Principal, log: LogIdentity, owed: Obligation, *, today: date, now: datetime
) -> bool:
    """Ask somebody whom a code had made optional; return whether it had."""
    rule = rule_of(await pledge.get_round(session, owed.round_id))
    kind, _, code = owed.reason.partition(":")
    if owed.state != "exempt" or kind != "legal_status" or rule.legal_status.get(code) != "optional":
        return False
    person = await obligation.get_participant(session, owed.round_id, owed.employee_id)
    state = await queries.switch(
        session, owed.round_id, owed.employee_id, None, before="exempt", after="pending", was=owed.reason
    )
    change = Change(owed.employee_id, person.agency_id, "exemption_withdrawn", owed.reason, today, person.state, state)
    await record(session, log, owed.round_id, [change], by=actor.id, now=now)
    return True


async def _end(
    session: Session,
    log: LogIdentity,
    found: Exemption,
    state: str,
    reason: str,
    *,
    by: UUID | None,
    today: date,
    now: datetime,
) -> None:
    """End an exemption. Who left in the meantime is looked at again: they do not owe what they no longer can sign."""
    approved = found.state == "approved"
    found.state, found.ended_by, found.ended_at, found.ended_reason = state, by, now, reason
    await session.flush()
    fact = Fact.EXEMPTION_WITHDRAWN if state == "withdrawn" else Fact.EXEMPTION_ENDED
    await log_fact(session, log, fact, found, by, now)
    if not approved:
        await queries.let_go(session, found.id)
        return
    person = await obligation.get_participant(session, found.round_id, found.employee_id)
    after = await queries.switch(
        session, found.round_id, found.employee_id, found.id, before=found.kind, after="pending"
    )
    kind = "exemption_withdrawn" if state == "withdrawn" else "deferral_ended"
    change = Change(found.employee_id, found.agency_id, kind, f"exemption:{found.id}", today, person.state, after)
    await record(session, log, found.round_id, [change], by=by, now=now)
    await following.note(session, [found.employee_id])
