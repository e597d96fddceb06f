"""Follow the roster into open rounds, add people by hand, and tell what befell whom."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from app.asn import service as asn
from app.asn.models import Employee
from app.asn.service import RosterPerson
from app.core.db import Session
from app.core.errors import NotFound
from app.core.permission import Permission
from app.core.principal import Principal
from app.obligation.enrolling import enrol
from app.obligation.errors import JoiningClosed, NotInPopulation
from app.obligation.following import queries
from app.obligation.following.recording import Change, record
from app.obligation.following.rule import Happening, Situation, happenings
from app.obligation.following.schemas import ParticipantAdd, ParticipantsAdded
from app.obligation.legal_status import state_of
from app.obligation.models import ParticipantChange
from app.obligation.population.queries import selected
from app.obligation.population.service import rule_of
from app.pledge import service as pledge
from app.pledge.models import PledgeRound
from app.pledge.schemas import Population
from app.transparency.record import LogIdentity

BATCH = 2_000  # a signer among them waits for one batch


async def is_waiting(session: Session) -> bool:
    """Whether anybody's record changed since open rounds were told."""
    return await queries.is_waiting(session)


async def follow(session: Session, log: LogIdentity, *, today: date, now: datetime, batch: int = BATCH) -> int:
    """Tell open rounds of people whose record changed; return how many people there were, none when nobody waits.

    What is found is compared with what is known, so doing it again changes nothing, and an import that was taken back in the
    meantime has had no effect. Locks: rounds, then people, both in order of id, as signing does.
    """
    await queries.take_following(session)
    people = await queries.take(session, batch)
    if people:
        for pledge_round in await pledge.hold_all_running(session):
            await _follow_round(session, log, pledge_round, people, today=today, now=now)
    return len(people)


async def _follow_round(
    session: Session, log: LogIdentity, pledge_round: PledgeRound, people: Sequence[UUID], *, today: date, now: datetime
) -> None:
    rule = rule_of(pledge_round)
    known = await queries.situations(session, pledge_round.id, people)
    found = [(one, what) for one in known for what in happenings(one, rule.legal_status)]
    moves = {one.employee_id: what.move for one, what in found if what.move is not None}
    states = await queries.move(session, pledge_round.id, moves) if moves else {}
    changes = [
        _change(one, what, states.get(one.employee_id, one.state), today)
        for one, what in found
        if not what.quiet or one.employee_id in states
    ]
    await record(session, log, pledge_round.id, changes, by=None, now=now)
    await _meet(session, log, pledge_round, rule, people, today=today, now=now)


def _change(one: Situation, what: Happening, state: str, today: date) -> Change:
    after = state if what.move is not None else one.state
    return Change(
        one.employee_id,
        one.agency_id,
        what.kind,
        what.reason,
        one.since or today,
        one.state,
        after,
        what.unit_before,
        what.unit_after,
    )


async def _meet(
    session: Session,
    log: LogIdentity,
    pledge_round: PledgeRound,
    rule: Population,
    people: Sequence[UUID],
    *,
    today: date,
    now: datetime,
) -> None:
    """Let people who are new to the round join, or write down that they have appeared, as the round says."""
    newcomers = await _eligible(session, pledge_round.id, rule, people)
    newcomers = [one for one in newcomers if state_of(rule.legal_status, one.legal_status) != "left"]
    if pledge_round.late_joiners != "automatic":
        told = await queries.appeared(session, pledge_round.id, [one.id for one in newcomers])
        newcomers = [one for one in newcomers if one.id not in told]
        changes = await _arrivals(session, newcomers, [""] * len(newcomers), "appeared", today=today)
        await record(session, log, pledge_round.id, changes, by=None, now=now)
        return
    await _join(session, log, pledge_round, rule, newcomers, by=None, note="", today=today, now=now)


async def _eligible(session: Session, round_id: UUID, rule: Population, people: Sequence[UUID]) -> list[RosterPerson]:
    """Return who of the people is on the roster, meets the rule, and does not take part."""
    outside = await queries.outsiders(session, round_id, people)
    found: list[RosterPerson] = []
    if outside:
        async for some in asn.stream_current(session, BATCH, Employee.id.in_(outside), selected(rule)):
            found += some
    return found


async def _arrivals(
    session: Session, people: Sequence[RosterPerson], states: Sequence[str], kind: str, *, today: date, note: str = ""
) -> list[Change]:
    versions = await queries.newest_versions(session, [one.id for one in people]) if people else {}
    changes = []
    for one, state in zip(people, states, strict=True):
        since, cause = versions.get(one.id, (today, "new"))
        reason = "admin" if note else f"roster:{cause}"
        changes.append(Change(one.id, one.agency_id, kind, reason, since, "", state, unit_after=one.unit_id, note=note))
    return changes


async def _join(
    session: Session,
    log: LogIdentity,
    pledge_round: PledgeRound,
    rule: Population,
    people: Sequence[RosterPerson],
    *,
    by: UUID | None,
    note: str,
    today: date,
    now: datetime,
) -> None:
    if not people:
        return
    states = [state_of(rule.legal_status, one.legal_status) for one in people]
    pledges = await pledge.pledges_of(session, [pledge_round.id])
    await enrol(session, pledge_round.id, people, states, pledges, joined_at=now)
    changes = await _arrivals(session, people, states, "joined", today=today, note=note)
    await record(session, log, pledge_round.id, changes, by=by, now=now)


async def add(
    session: Session,
    actor: Principal,
    log: LogIdentity,
    round_id: UUID,
    body: ParticipantAdd,
    *,
    today: date,
    now: datetime,
) -> ParticipantsAdded:
    """Add people to an open round; who takes part already stays as they are.

    Raises `NotFound`, `RoundNotOpen`, `JoiningClosed`, and `NotInPopulation` for anybody the round's rule does not ask.
    """
    actor.require(Permission.ROUND_WRITE)
    await queries.take_following(session)
    pledge_round = await pledge.hold_running(session, round_id)
    if pledge_round.late_joiners == "none":
        raise JoiningClosed(title=pledge_round.title)
    wanted = sorted(set(body.employee_ids))
    await asn.require_visible(session, actor.scope, wanted)
    rule = rule_of(pledge_round)
    people = await _eligible(session, round_id, rule, wanted)
    outside = await queries.outsiders(session, round_id, wanted)
    if refused := set(outside) - {one.id for one in people}:
        raise NotInPopulation(employee_id=str(min(refused)))
    await _join(session, log, pledge_round, rule, people, by=actor.id, note=body.reason, today=today, now=now)
    return ParticipantsAdded(joined=len(people), already=len(wanted) - len(people))


async def list_changes(
    session: Session,
    actor: Principal,
    round_id: UUID,
    limit: int,
    *,
    kind: str | None = None,
    agency_id: UUID | None = None,
    employee_id: UUID | None = None,
    before: int | None = None,
) -> list[tuple[ParticipantChange, str | None]]:
    """Return what befell people of a round inside the caller's scope, the newest first."""
    actor.require(Permission.OBLIGATION_READ)
    await pledge.get_round(session, round_id)
    return await queries.list_changes(
        session,
        round_id,
        actor.scope,
        kind=kind,
        agency_id=agency_id,
        employee_id=employee_id,
        before=before,
        limit=limit,
    )


async def list_changes_of(
    session: Session, actor: Principal, round_id: UUID, employee_id: UUID, limit: int, before: int | None
) -> list[tuple[ParticipantChange, str | None]]:
    """Return what befell one person; raises `NotFound` for who was never heard of in the round, or not in the scope."""
    found = await list_changes(session, actor, round_id, limit, employee_id=employee_id, before=before)
    if not found and not await queries.takes_part(session, round_id, actor.scope, employee_id):
        raise NotFound
    return found
