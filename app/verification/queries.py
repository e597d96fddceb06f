"""SQL of verification."""

from uuid import UUID

from sqlalchemy import or_, select

from app.core.db import Session
from app.document.models import Document, DocumentRevision


async def find_by_file_digest(session: Session, digest: bytes) -> Document | None:
    """Return the document whose newest, signed or countersigned revision is exactly the file with this SHA-256.

    Or which was that file before its archive time stamp was renewed.
    """
    earlier = select(DocumentRevision.document_id).where(DocumentRevision.sha256 == digest)
    same = or_(
        Document.sha256 == digest,
        Document.signed_sha256 == digest,
        Document.countersigned_sha256 == digest,
        Document.id.in_(earlier),
    )
    statement = select(Document).where(same).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_kind_of_earlier(session: Session, document_id: UUID, digest: bytes) -> str | None:
    """Return what a document's last revision was when its file had this SHA-256, before a renewed time stamp followed."""
    statement = select(DocumentRevision.kind).where(
        DocumentRevision.document_id == document_id, DocumentRevision.sha256 == digest
    )
    return (await session.execute(statement)).scalar_one_or_none()
