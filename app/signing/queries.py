"""SQL of the ceremony."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.core.db import Session
from app.core.prepared import Change, Insertion, Prepared, Statement
from app.document.models import Document
from app.signing.models import (
    LIVE,
    Countersignature,
    DeviceKey,
    SigningCode,
    SigningEvidence,
    SigningSession,
    SigningSessionDocument,
)

# What every ceremony asks, some of it four times.
_BY_ID = select(SigningSession).where(SigningSession.id == bindparam("session_id"))
_SESSION, _SESSION_LOCKED = Prepared(_BY_ID), Prepared(_BY_ID.with_for_update())
_LIVE = Prepared(
    select(SigningSession)
    .where(
        SigningSession.employee_id == bindparam("employee_id"),
        text(LIVE),
    )
    .with_for_update()
)
_DOCUMENTS = Prepared(
    select(Document)
    .join(SigningSessionDocument, SigningSessionDocument.document_id == Document.id)
    .where(SigningSessionDocument.session_id == bindparam("session_id"))
    .order_by(SigningSessionDocument.place)
)
_OPENED = Insertion(
    SigningSession, empty=("spki", "certificate", "certificate_expires_at", "asked", "answer", "signed_at")
)
_CERTIFIED = Change(SigningSession, "state", "spki", "certificate", "certificate_expires_at", "asked", "answer")
_SIGNED = Change(SigningSession, "state", "asked", "answer", "signed_at")
_EVIDENCE = Insertion(SigningEvidence)
_COVER = Statement(
    text("""
    INSERT INTO signing_session_document (session_id, place, document_id)
    SELECT :session_id, place - 1, id FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY covered(id, place)""")
)
_KEEP_KEY = Statement(upsert(DeviceKey).on_conflict_do_nothing(), columns=("spki_sha256", "session_id"))


async def find_session(session: Session, session_id: UUID, *, lock: bool) -> SigningSession | None:
    """Return a signing session; locked, one call at a time changes it."""
    found = await (_SESSION_LOCKED if lock else _SESSION).first(session, session_id=session_id)
    return found[0] if found else None


async def open_session(session: Session, signing: SigningSession, documents: Sequence[UUID]) -> None:
    """Write a new act over documents."""
    await _OPENED.write(session, signing)
    await _COVER.run(session, session_id=signing.id, ids=list(documents))


async def certify(
    session: Session,
    signing: SigningSession,
    evidence: SigningEvidence,
    spki: bytes,
    certificate: bytes,
    until: datetime,
    told: dict[str, Any],
) -> None:
    """Write the certificate of an act, how its signer proved who they are, and what was asked and answered."""
    await _EVIDENCE.write(session, evidence)
    key = {"spki": spki, "certificate": certificate, "certificate_expires_at": until}
    await _CERTIFIED.write(session, (signing, {"state": "certified"} | key | told))


async def finish(session: Session, signing: SigningSession, *, asked: bytes, at: datetime) -> None:
    """Write that an act is signed; what it was answered before is no more needed."""
    await _SIGNED.write(session, (signing, {"state": "signed", "asked": asked, "answer": None, "signed_at": at}))


async def find_live(session: Session, employee_id: UUID) -> SigningSession | None:
    """Return a person's live session, locked."""
    found = await _LIVE.first(session, employee_id=employee_id)
    return found[0] if found else None


async def list_documents(session: Session, session_id: UUID) -> list[Document]:
    """Return a session's documents in reading order."""
    return [document for (document,) in await _DOCUMENTS.all(session, session_id=session_id)]


async def list_countersignatures(session: Session, session_id: UUID) -> list[tuple[Countersignature, Document]]:
    """Return an act's countersignatures with their documents, in order."""
    statement = (
        select(Countersignature, Document)
        .join(Document, Document.id == Countersignature.document_id)
        .where(Countersignature.session_id == session_id)
        .order_by(Countersignature.place)
    )
    return [(note, document) for note, document in await session.execute(statement)]


async def drop_revisions(session: Session, session_id: UUID) -> None:
    """Drop the unsigned bytes of an act of countersigning that is over."""
    await session.execute(
        update(Countersignature).where(Countersignature.session_id == session_id).values(revision=None)
    )


async def keep_key(session: Session, spki_sha256: bytes, session_id: UUID) -> bool:
    """Remember a device key; False when it was seen before."""
    return await _KEEP_KEY.run(session, spki_sha256=spki_sha256, session_id=session_id) == 1


async def find_code(session: Session, session_id: UUID) -> SigningCode | None:
    """Return a session's one-time code, locked: the try is counted before it is judged."""
    statement = select(SigningCode).where(SigningCode.session_id == session_id)
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


async def abandon_evidence(session: Session, session_id: UUID) -> None:
    """Mark the evidence of a certificate that will not be used."""
    await session.execute(
        update(SigningEvidence).where(SigningEvidence.session_id == session_id).values(abandoned=True)
    )


async def list_evidence(session: Session, document_id: UUID) -> list[tuple[str, SigningEvidence]]:
    """Return (kind of act, evidence) of the sessions that signed or countersigned a document, in the order of time."""
    own = select(SigningSessionDocument.session_id).where(SigningSessionDocument.document_id == document_id)
    noted = select(Countersignature.session_id).where(Countersignature.document_id == document_id)
    statement = (
        select(SigningSession.kind, SigningEvidence)
        .join(SigningSession, SigningSession.id == SigningEvidence.session_id)
        .where(
            SigningEvidence.session_id.in_(own.union_all(noted)),
            or_(SigningSession.state == "signed", SigningSession.provider != "device"),
        )
        .order_by(SigningEvidence.at)
    )
    return [(kind, evidence) for kind, evidence in await session.execute(statement)]
