"""SQL of the renewal of archive time stamps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select, update

from app.core.db import Session
from app.document.models import Document, DocumentRevision


def _due(before: datetime) -> ColumnElement[bool]:
    """Sealed by us, and last stamped before a moment; a voided document is evidence too."""
    sealed = Document.state.in_(("sealed", "void")) & Document.sealed_at.is_not(None)
    return sealed & (func.coalesce(Document.renewed_at, Document.sealed_at) < before)


async def take_due(session: Session, before: datetime, after: UUID | None, most: int) -> list[Document]:
    """Lock the next documents, by id, whose newest archive time stamp is older than `before` and that nobody else has."""
    statement = select(Document).where(_due(before))
    if after is not None:
        statement = statement.where(Document.id > after)
    statement = statement.order_by(Document.id).limit(most).with_for_update(skip_locked=True)
    return list((await session.execute(statement)).scalars())


async def count_due(session: Session, before: datetime) -> int:
    """Return how many documents have an archive time stamp older than `before`."""
    return (await session.execute(select(func.count()).select_from(Document).where(_due(before)))).scalar_one()


async def keep_digests(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Remember what the file was up to its newest revision; rows hold `document`, `of` (its number) and `digest`."""
    statement = (
        update(DocumentRevision)
        .where(DocumentRevision.document_id == bindparam("document"), DocumentRevision.number == bindparam("of"))
        .values(sha256=bindparam("digest"))
    )
    connection = await session.connection()
    await connection.execute(statement, rows)
