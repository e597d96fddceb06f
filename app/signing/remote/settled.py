"""What other ways of signing ask of this one: whether a pledge, or the note on it, is under way, or its outcome unknown."""

from collections.abc import Sequence
from uuid import UUID

from app.core.db import Session
from app.signing.remote import queries
from app.signing.remote.errors import OutcomeOpen


async def require_settled(session: Session, obligation_ids: Sequence[UUID]) -> None:
    """Raise `OutcomeOpen` if one of the obligations may have been signed through a provider already."""
    if await queries.has_open_calls(session, obligation_ids):
        raise OutcomeOpen


async def require_settled_notes(session: Session, document_ids: Sequence[UUID]) -> None:
    """Raise `OutcomeOpen` if an official may have taken note of one of the documents through a provider already."""
    if await queries.has_open_notes(session, document_ids):
        raise OutcomeOpen
