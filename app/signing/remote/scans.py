"""Scans of pledges signed on paper: taken in, looked at, accepted or refused by an officer with a reason."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.asn import service as asn
from app.core import jobs
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal, Scope
from app.document import elsewhere
from app.obligation import service as obligation
from app.obligation.errors import ObligationNotPending
from app.obligation.models import Obligation, Participant
from app.pledge import service as pledge
from app.pledge.models import PledgeRound
from app.signing.models import WetScan
from app.signing.providers.base import Given, ScannedPage, Sheet, Signer
from app.signing.providers.registry import Providers
from app.signing.remote import queries
from app.signing.remote.errors import ScanJudged, ScanOwn, ScanWaiting
from app.signing.remote.schemas import ScanRead
from app.signing.remote.settled import require_settled
from app.signing.sessions import Ceremony
from app.transparency import service as transparency
from app.transparency.record import Fact

PROVIDER = "wet_scan"
TELL_JOB = "scan.tell_refused"


async def take_in(
    session: Session,
    ceremony: Ceremony,
    providers: Providers,
    actor: Principal,
    obligation_id: UUID,
    data: bytes,
    *,
    own: bool,
    now: datetime,
) -> ScanRead:
    """Check a scan's form and keep it until somebody has looked at it; `own`: the person hands in the own sheet.

    Raises `ProviderOff`, `NotFound`, `ObligationNotPending`, `RoundNotOpen`, `OutcomeOpen`, `ScanWaiting`, `ScanRefused`.
    """
    owed, person = await _owed(session, actor, obligation_id, own=own)
    provider = providers.get(PROVIDER)
    pledge.require_open(await pledge.get_round(session, owed.round_id), now)
    await _require_free(session, owed)
    sheet = Sheet(owed.id, owed.pledge, b"", b"")
    (page,) = await provider.sign(Signer(person.name, person.nip), (sheet,), Given(scans=(data,)), at=now)
    assert isinstance(page, ScannedPage)
    scan = _row(owed, person, page, actor, now)
    scan.blob = f"scan-upload/{scan.id}"
    await ceremony.blobs.put(scan.blob, page.data)
    session.add(scan)
    await session.flush()
    return read(scan, person)


def _row(owed: Obligation, person: Participant, page: ScannedPage, actor: Principal, now: datetime) -> WetScan:
    return WetScan(
        id=new_id(),
        obligation_id=owed.id,
        round_id=owed.round_id,
        employee_id=owed.employee_id,
        agency_id=person.agency_id,
        state="uploaded",
        media_type=page.media_type,
        blob="",
        size=len(page.data),
        sha256=hashlib.sha256(page.data).digest(),
        uploaded_at=now,
        uploaded_by=actor.id,
    )


async def _require_free(session: Session, owed: Obligation) -> None:
    await obligation.lock(session, owed.employee_id, [owed.round_id])
    if owed.state != "pending":
        raise ObligationNotPending
    await require_settled(session, [owed.id])
    if await queries.find_waiting_scan(session, owed.id):
        raise ScanWaiting


async def _owed(
    session: Session, actor: Principal, obligation_id: UUID, *, own: bool
) -> tuple[Obligation, Participant]:
    if own:
        employee_id, scope = actor.require_employee(), Scope()
    else:
        actor.require(Permission.SCAN_WRITE)
        employee_id, scope = None, actor.scope
    found = await queries.find_owed(session, obligation_id, scope)
    if found is None or employee_id not in {None, found[0].employee_id}:
        raise NotFound
    return found


async def list_waiting(session: Session, actor: Principal, after: UUID | None, limit: int) -> list[ScanRead]:
    """Return scans that wait for their judgement, oldest first."""
    actor.require(Permission.SCAN_WRITE)
    return [read(scan, row) for scan, row in await queries.list_scans(session, actor.scope, after, limit)]


async def list_own(session: Session, actor: Principal, obligation_ids: Sequence[UUID]) -> dict[UUID, WetScan]:
    """Return the newest scan of each of the caller's obligations that has one."""
    found = await queries.list_own_scans(session, actor.require_employee(), obligation_ids)
    return {scan.obligation_id: scan for scan in found}


async def list_owed(
    session: Session, actor: Principal, employee_id: UUID, *, now: datetime
) -> list[tuple[Obligation, PledgeRound, WetScan | None]]:
    """Return what a person inside the caller's scope may still sign on paper now, each with its newest scan."""
    actor.require(Permission.SCAN_WRITE)
    await asn.require_visible(session, actor.scope, [employee_id])
    owed = []
    for one, pledge_round in await obligation.list_of(session, employee_id):
        running = pledge_round.status == "open" and pledge_round.opens_at <= now < pledge_round.closes_at
        if one.state == "pending" and running and await queries.find_owed(session, one.id, actor.scope):
            owed.append((one, pledge_round))
    found = {
        scan.obligation_id: scan for scan in await queries.list_own_scans(session, employee_id, [o.id for o, _ in owed])
    }
    return [(one, pledge_round, found.get(one.id)) for one, pledge_round in owed]


async def look_at(session: Session, actor: Principal, scan_id: UUID) -> tuple[ScanRead, bool]:
    """Return a scan, and whether the caller uploaded it and so leaves its judgement to somebody else."""
    scan, person = await _get(session, actor, scan_id, lock=False)
    return read(scan, person), scan.uploaded_by == actor.id


async def file_of(session: Session, ceremony: Ceremony, actor: Principal, scan_id: UUID) -> bytes:
    """Return a scan as it was kept: a plain PDF."""
    scan, _ = await _get(session, actor, scan_id, lock=False)
    return await ceremony.blobs.get(scan.blob)


async def accept(session: Session, ceremony: Ceremony, actor: Principal, scan_id: UUID, *, now: datetime) -> ScanRead:
    """The officer has seen the signature: the scan becomes the document and the obligation is fulfilled, marked as what it is."""
    scan, person = await _judge(session, actor, scan_id)
    found = await queries.find_owed(session, scan.obligation_id, Scope())
    assert found is not None
    owed, at = found[0], now.replace(microsecond=0)
    await obligation.lock(session, scan.employee_id, [scan.round_id])
    await require_settled(session, [owed.id])
    data = await ceremony.blobs.get(scan.blob)
    document = await elsewhere.keep_scan(session, ceremony.blobs, owed, person, data, now=at)
    await obligation.fulfil(session, scan.employee_id, scan.round_id, [(owed.id, document.id)], at=at)
    entry = transparency.Entry(Fact.SCAN_ACCEPTED, document.id, document.sha256 or b"", at, actor.id)
    await transparency.record(session, ceremony.log, [entry])
    scan.state, scan.document_id = "accepted", document.id
    scan.decided_at, scan.decided_by = now, actor.id
    await session.flush()
    return read(scan, person)


async def refuse(session: Session, actor: Principal, scan_id: UUID, reason: str, *, now: datetime) -> ScanRead:
    """The scan will not do; the pledge stays owed and another one may be handed in. The person is written to."""
    scan, person = await _judge(session, actor, scan_id)
    scan.state, scan.reason = "refused", reason
    scan.decided_at, scan.decided_by = now, actor.id
    await jobs.defer(session, TELL_JOB, scan_id=str(scan.id))
    await session.flush()
    return read(scan, person)


async def _judge(session: Session, actor: Principal, scan_id: UUID) -> tuple[WetScan, Participant]:
    scan, person = await _get(session, actor, scan_id, lock=True)
    if scan.state != "uploaded":
        raise ScanJudged(state=scan.state)
    if scan.uploaded_by == actor.id:
        raise ScanOwn
    return scan, person


async def _get(session: Session, actor: Principal, scan_id: UUID, *, lock: bool) -> tuple[WetScan, Participant]:
    actor.require(Permission.SCAN_WRITE)
    found = await queries.find_scan(session, scan_id, actor.scope, lock=lock)
    if found is None:
        raise NotFound
    return found, await obligation.get_participant(session, found.round_id, found.employee_id)


def read(scan: WetScan, person: Any) -> ScanRead:
    """A scan with whose it is."""
    own = (
        "id",
        "obligation_id",
        "round_id",
        "employee_id",
        "agency_id",
        "state",
        "media_type",
        "size",
        "uploaded_at",
        "decided_at",
        "reason",
        "document_id",
    )
    return ScanRead(
        **{name: getattr(scan, name) for name in own}, sha256=scan.sha256.hex(), name=person.name, nip=person.nip
    )
