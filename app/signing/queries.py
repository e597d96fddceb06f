"""SQL of the ceremony."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.core.db import Session
from app.document.models import Document
from app.signing.models import (
    Countersignature,
    DeviceKey,
    SigningCode,
    SigningEvidence,
    SigningSession,
    SigningSessionDocument,
)

# What every ceremony asks, some of it four times: built once, a statement costs half.
_SESSION = select(SigningSession).where(SigningSession.id == bindparam("session_id"))
_SESSION_LOCKED = _SESSION.with_for_update()
_LIVE = (
    select(SigningSession)
    .where(
        SigningSession.employee_id == bindparam("employee_id"),
        SigningSession.state.in_(("prepared", "certified", "sending")),
    )
    .with_for_update()
)
_DOCUMENTS = (
    select(Document)
    .join(SigningSessionDocument, SigningSessionDocument.document_id == Document.id)
    .where(SigningSessionDocument.session_id == bindparam("session_id"))
    .order_by(SigningSessionDocument.place)
)


async def find_session(session: Session, session_id: UUID, *, lock: bool) -> SigningSession | None:
    """Return a signing session; locked, one call at a time changes it."""
    found = await session.execute(_SESSION_LOCKED if lock else _SESSION, {"session_id": session_id})
    return found.scalar_one_or_none()


async def find_live(session: Session, employee_id: UUID) -> SigningSession | None:
    """Return a person's live session, locked."""
    return (await session.execute(_LIVE, {"employee_id": employee_id})).scalar_one_or_none()


async def list_documents(session: Session, session_id: UUID) -> list[Document]:
    """Return a session's documents in reading order."""
    return list((await session.execute(_DOCUMENTS, {"session_id": session_id})).scalars())


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


async def insert_documents(session: Session, session_id: UUID, ids: Sequence[UUID]) -> None:
    """Say which documents a session covers."""
    await session.execute(
        insert(SigningSessionDocument),
        [{"session_id": session_id, "place": place, "document_id": i} for place, i in enumerate(ids)],
    )


async def keep_key(session: Session, spki_sha256: bytes, session_id: UUID) -> bool:
    """Remember a device key; False when it was seen before."""
    statement = upsert(DeviceKey).values(spki_sha256=spki_sha256, session_id=session_id).on_conflict_do_nothing()
    kept = await session.execute(statement.returning(DeviceKey.spki_sha256))
    return kept.first() is not None


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
