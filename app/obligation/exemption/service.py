"""Ask for an exemption and decide on it: each in one transaction with the figures and the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.obligation.errors import (
    ExemptionDecided,
    ExemptionExists,
    ExemptionNotOwed,
    ExemptionOwn,
    ExemptionSigned,
    ExemptionUntil,
)
from app.obligation.exemption import evidence, queries
from app.obligation.exemption.access import locked_exemption, locked_obligation, log_fact
from app.obligation.exemption.schemas import ExemptionDecision
from app.obligation.following.recording import Change, record
from app.obligation.models import Exemption, Obligation, Participant
from app.pledge import service as pledge
from app.transparency.record import Fact, LogIdentity


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: `whole` covers everything the person owes in the round, else the one obligation."""

    kind: str
    until: date | None
    reason: str
    evidence: bytes
    whole: bool


async def request(
    session: Session,
    actor: Principal,
    log: LogIdentity,
    blobs: BlobStore,
    obligation_id: UUID,
    asked: Asked,
    *,
    today: date,
    now: datetime,
) -> Exemption:
    """Ask for an exemption. Nothing is counted differently until it is approved; asking the same again gives what there is.

    Raises `NotFound`, `RoundNotOpen`, `ExemptionUntil`, `EvidenceRefused`, `ExemptionSigned`, `ExemptionNotOwed`, `ExemptionExists`.
    """
    actor.require(Permission.EXEMPTION_REQUEST)
    _require_until(asked.kind, asked.until, today)
    sha256 = evidence.digest(asked.evidence)
    person, owed = await locked_obligation(session, actor, obligation_id)
    if owed.exemption_id is not None:
        return await _same(session, owed.exemption_id, actor, asked, sha256)
    _require_owed(owed)
    covered = await queries.list_free(session, owed.round_id, owed.employee_id) if asked.whole else [owed]
    made = _made(person, owed, asked, covered, by=actor.id, now=now)
    await blobs.put(evidence.blob_name(sha256), asked.evidence)
    session.add(made)
    await session.flush()
    await queries.hold(session, [one.id for one in covered], made.id)
    await log_fact(session, log, Fact.EXEMPTION_REQUESTED, made, actor.id, now)
    return made


def _made(
    person: Participant, owed: Obligation, asked: Asked, covered: Sequence[Obligation], *, by: UUID, now: datetime
) -> Exemption:
    """Return the request; raises `EvidenceRefused`."""
    return Exemption(
        id=new_id(),
        round_id=owed.round_id,
        employee_id=owed.employee_id,
        agency_id=person.agency_id,
        obligation_id=owed.id,
        pledges=sorted(one.pledge for one in covered),
        kind=asked.kind,
        until=asked.until,
        reason=asked.reason,
        evidence_sha256=evidence.digest(asked.evidence),
        evidence_type=evidence.media_type(asked.evidence),
        evidence_size=len(asked.evidence),
        state="requested",
        requested_by=by,
        requested_at=now,
        decision_reason="",
        ended_reason="",
    )


def _require_until(kind: str, until: date | None, today: date) -> None:
    if until is not None and (kind != "deferred" or until < today):
        raise ExemptionUntil


def _require_owed(owed: Obligation) -> None:
    if owed.state == "signed":
        raise ExemptionSigned
    if owed.state != "pending":
        raise ExemptionNotOwed(state=owed.state)


async def _same(session: Session, exemption_id: UUID, actor: Principal, asked: Asked, sha256: str) -> Exemption:
    """Return the exemption in force if it is what is asked for; raises `ExemptionExists` for any other."""
    live = await queries.find(session, exemption_id)
    if live is None:
        raise ExemptionExists(state="")
    wanted = (asked.kind, asked.until, asked.reason, sha256, actor.id)
    if (live.kind, live.until, live.reason, live.evidence_sha256, live.requested_by) != wanted:
        raise ExemptionExists(state=live.state)
    return live


async def decide(
    session: Session,
    actor: Principal,
    log: LogIdentity,
    exemption_id: UUID,
    decision: ExemptionDecision,
    *,
    today: date,
    now: datetime,
) -> Exemption:
    """Approve an exemption, which takes effect here and now, or refuse it. The same decision again changes nothing.

    Raises `NotFound`, `RoundNotOpen`, `ExemptionOwn`, `ExemptionDecided`, and `ExemptionUntil` for a deferral that is over.
    """
    actor.require(Permission.EXEMPTION_DECIDE)
    before = await get(session, actor, exemption_id)
    person, found = await locked_exemption(session, before)
    if (found.state, found.decided_by, found.decision_reason) == (decision.state, actor.id, decision.reason):
        return found
    if found.state != "requested":
        raise ExemptionDecided(state=found.state)
    if actor.id == found.requested_by:
        raise ExemptionOwn
    found.decided_by, found.decided_at, found.decision_reason = actor.id, now, decision.reason
    if decision.state == "refused":
        found.state = "refused"
        await queries.let_go(session, found.id)
        await log_fact(session, log, Fact.EXEMPTION_REFUSED, found, actor.id, now)
        return found
    _require_until(found.kind, found.until, today)
    found.state, reason, was = "approved", f"exemption:{found.id}", person.state
    state = await queries.switch(
        session, found.round_id, found.employee_id, found.id, before="pending", after=found.kind, reason=reason
    )
    kind = "exempted" if found.kind == "exempt" else "deferred"
    change = Change(found.employee_id, found.agency_id, kind, reason, today, was, state)
    await record(session, log, found.round_id, [change], by=actor.id, now=now)
    await log_fact(session, log, Fact.EXEMPTION_APPROVED, found, actor.id, now)
    return found


async def get(session: Session, actor: Principal, exemption_id: UUID) -> Exemption:
    """Return an exemption inside the caller's scope; raises `NotFound`."""
    actor.require(Permission.EXEMPTION_READ)
    found = await queries.find(session, exemption_id)
    if found is None or (actor.scope.agencies is not None and found.agency_id not in actor.scope.agencies):
        raise NotFound
    return found


async def read_evidence(session: Session, actor: Principal, blobs: BlobStore, exemption_id: UUID) -> tuple[str, bytes]:
    """Return media type and bytes of the evidence, to those who see whole records inside their scope."""
    actor.require(Permission.NIP_READ)
    found = await get(session, actor, exemption_id)
    return found.evidence_type, await blobs.get(evidence.blob_name(found.evidence_sha256))


async def list_exemptions(
    session: Session,
    actor: Principal,
    round_id: UUID,
    limit: int,
    *,
    state: str | None,
    kind: str | None,
    agency_id: UUID | None,
    before: UUID | None,
) -> list[Exemption]:
    """Return exemptions of a round inside the caller's scope, the newest first."""
    actor.require(Permission.EXEMPTION_READ)
    await pledge.get_round(session, round_id)
    return await queries.list_exemptions(
        session, round_id, actor.scope, state=state, kind=kind, agency_id=agency_id, before=before, limit=limit
    )


async def names_of(session: Session, exemptions: list[Exemption]) -> dict[UUID, str]:
    """Return the names of the people exemptions of one round are about."""
    if not exemptions:
        return {}
    return await queries.names(session, exemptions[0].round_id, [one.employee_id for one in exemptions])
