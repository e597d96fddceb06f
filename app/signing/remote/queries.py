"""SQL of calls to providers and of scans."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, literal_column, or_, select

from app.core.db import Session
from app.core.prepared import Statement, among
from app.core.principal import Scope
from app.document.models import Document
from app.obligation.models import Obligation, Participant
from app.signing.models import Countersignature, RemoteCall, SigningSession, SigningSessionDocument, WetScan

# written out: as parameters they would keep PostgreSQL from the index that holds these alone, and from keeping its plan
_OPEN = or_(RemoteCall.state == literal_column("'sending'"), RemoteCall.state == literal_column("'unknown'"))


_OPEN_CALLS = Statement(
    select(
        exists().where(
            _OPEN,
            Document.id == RemoteCall.document_id,
            among(Document.obligation_id, "obligation_ids"),
        )
    )
)


async def has_open_calls(session: Session, obligation_ids: Sequence[UUID]) -> bool:
    """Whether a document of one of these obligations is being sent, or its outcome is unknown."""
    rows = await _OPEN_CALLS.rows(session, obligation_ids=list(obligation_ids))
    return bool(rows[0][0])


async def list_held_back(session: Session, employee_id: UUID) -> list[Any]:
    """Return a person's obligations that are being signed elsewhere, or whose outcome is unknown, with the act."""
    under_way = exists().where(RemoteCall.document_id == Document.id, _OPEN)
    statement = (
        select(Document.obligation_id, SigningSession.id)
        .join(SigningSessionDocument, SigningSessionDocument.session_id == SigningSession.id)
        .join(Document, Document.id == SigningSessionDocument.document_id)
        .where(
            SigningSession.employee_id == employee_id,
            SigningSession.provider != literal_column("'device'"),  # the index holds these alone
            SigningSession.state.in_(("sending", "unknown")),
            Document.state == "prepared",
            or_(SigningSession.state == "sending", under_way),
        )
    )
    return list(await session.execute(statement))


async def has_open_notes(session: Session, document_ids: Sequence[UUID]) -> bool:
    """Whether one of these documents is being sent for its note, or the outcome is unknown."""
    open_notes = exists().where(_OPEN, RemoteCall.kind == "countersign", RemoteCall.document_id.in_(document_ids))
    return bool((await session.execute(select(open_notes))).scalar_one())


async def find_newest(session: Session, employee_id: UUID, provider: str, kind: str) -> SigningSession | None:
    """Return a person's newest act of a kind through a provider."""
    statement = select(SigningSession).where(
        SigningSession.employee_id == employee_id,
        SigningSession.provider == provider,
        SigningSession.kind == kind,
        SigningSession.provider != literal_column("'device'"),  # the index holds these alone
    )
    return (await session.execute(statement.order_by(SigningSession.id.desc()).limit(1))).scalar_one_or_none()


async def list_calls(session: Session, session_id: UUID) -> list[RemoteCall]:
    """Return the calls of an act, oldest first."""
    statement = select(RemoteCall).where(RemoteCall.session_id == session_id).order_by(RemoteCall.id)
    return list((await session.execute(statement)).scalars())


async def list_by_ids(session: Session, ids: Sequence[UUID]) -> list[RemoteCall]:
    """Return calls."""
    return list((await session.execute(select(RemoteCall).where(RemoteCall.id.in_(ids)))).scalars())


async def lock_calls(session: Session, ids: Sequence[UUID]) -> list[RemoteCall]:
    """Return calls as they now stand, locked, in the order of the ids."""
    statement = select(RemoteCall).where(RemoteCall.id.in_(ids)).order_by(RemoteCall.id).with_for_update()
    found = {c.id: c for c in (await session.execute(statement.execution_options(populate_existing=True))).scalars()}
    return [found[i] for i in ids if i in found]


async def list_unknown(session: Session, after: UUID | None, limit: int) -> list[tuple[RemoteCall, Any]]:
    """Return calls whose outcome is unknown with whose they are, oldest first."""
    statement: Any = (
        select(
            RemoteCall,
            Document.employee_id,
            Document.obligation_id,
            Document.round_id,
            Document.agency_id,
            Document.pledge,
            Participant.name,
            Participant.nip,
        )
        .join(Document, Document.id == RemoteCall.document_id)
        .join(
            Participant,
            (Participant.round_id == Document.round_id) & (Participant.employee_id == Document.employee_id),
        )
        .where(_OPEN, RemoteCall.state == "unknown")
        .order_by(RemoteCall.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(RemoteCall.id > after)
    return [(row[0], row) for row in await session.execute(statement)]


async def take_lost(session: Session, before: datetime, most: int) -> list[RemoteCall]:
    """Lock calls that were sent so long ago that whoever waited for their end is gone."""
    statement = (
        select(RemoteCall)
        .where(_OPEN, RemoteCall.state == "sending", RemoteCall.sent_at < before)
        .order_by(RemoteCall.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list((await session.execute(statement)).scalars())


async def take_idle(session: Session, before: datetime, most: int) -> list[SigningSession]:
    """Lock acts that are being sent but for which no call is under way since they ran out."""
    under_way = exists().where(RemoteCall.session_id == SigningSession.id, RemoteCall.state == "sending")
    statement = (
        select(SigningSession)
        .where(SigningSession.state == "sending", SigningSession.expires_at < before, ~under_way)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list((await session.execute(statement)).scalars())


async def list_obligations(session: Session, session_id: UUID) -> list[UUID]:
    """Return which obligations an act is about, in reading order."""
    statement = (
        select(Document.obligation_id)
        .join(SigningSessionDocument, SigningSessionDocument.document_id == Document.id)
        .where(SigningSessionDocument.session_id == session_id)
        .order_by(SigningSessionDocument.place)
    )
    return list((await session.execute(statement)).scalars())


async def list_noted(session: Session, session_id: UUID) -> list[UUID]:
    """Return which documents an act of countersigning is about, in order."""
    statement = select(Countersignature.document_id).where(Countersignature.session_id == session_id)
    return list((await session.execute(statement.order_by(Countersignature.place))).scalars())


async def find_owed(session: Session, obligation_id: UUID, scope: Scope) -> tuple[Obligation, Participant] | None:
    """Return an obligation with its person's frozen row, inside a scope."""
    person = (Participant.round_id == Obligation.round_id) & (Participant.employee_id == Obligation.employee_id)
    statement = select(Obligation, Participant).join(Participant, person).where(Obligation.id == obligation_id)
    if scope.agencies is not None:
        statement = statement.where(Participant.agency_id.in_(scope.agencies))
    row = (await session.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def find_waiting_scan(session: Session, obligation_id: UUID) -> WetScan | None:
    """Return the scan of an obligation that waits for its judgement."""
    statement = select(WetScan).where(WetScan.obligation_id == obligation_id, WetScan.state == "uploaded")
    return (await session.execute(statement)).scalar_one_or_none()


async def list_own_scans(session: Session, employee_id: UUID, obligation_ids: Sequence[UUID]) -> list[WetScan]:
    """Return a person's scans of some obligations, oldest first."""
    statement = select(WetScan).where(WetScan.obligation_id.in_(obligation_ids), WetScan.employee_id == employee_id)
    return list((await session.execute(statement.order_by(WetScan.id))).scalars())


async def find_scan(session: Session, scan_id: UUID, scope: Scope, *, lock: bool) -> WetScan | None:
    """Return a scan inside a scope."""
    statement = select(WetScan).where(WetScan.id == scan_id)
    if scope.agencies is not None:
        statement = statement.where(WetScan.agency_id.in_(scope.agencies))
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()


async def list_scans(session: Session, scope: Scope, after: UUID | None, limit: int) -> list[tuple[WetScan, Any]]:
    """Return scans that wait for their judgement inside a scope, oldest first, with whose they are."""
    person = (Participant.round_id == WetScan.round_id) & (Participant.employee_id == WetScan.employee_id)
    statement: Any = (
        select(WetScan, Participant.name, Participant.nip)
        .join(Participant, person)
        .where(WetScan.state == "uploaded")
        .order_by(WetScan.id)
        .limit(limit)
    )
    if scope.agencies is not None:
        statement = statement.where(WetScan.agency_id.in_(scope.agencies))
    if after is not None:
        statement = statement.where(WetScan.id > after)
    return [(row[0], row) for row in await session.execute(statement)]
