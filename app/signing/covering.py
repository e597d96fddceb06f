"""What an act covers: the person's own pledges, or, in an act of countersigning, revisions of what others signed."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.core.db import Session
from app.core.ids import new_id
from app.document import service as documents
from app.document.models import Document
from app.signing import queries
from app.signing.act import COUNTERSIGN_PURPOSE, SIGN_PURPOSE
from app.signing.models import Countersignature, SigningSession
from app.signing.remote.errors import ActSending
from app.signing.states import SESSION_LIFE, State


class ActKind(StrEnum):
    """What a session is for."""

    COUNTERSIGN = "countersign"
    SIGN = "sign"


PURPOSES = {ActKind.SIGN: SIGN_PURPOSE, ActKind.COUNTERSIGN: COUNTERSIGN_PURPOSE}


@dataclass(frozen=True, slots=True)
class Item:
    """One document of an act and the digest its signature covers; `note` is the revision a countersignature goes into."""

    document: Document
    digest: bytes
    note: Countersignature | None = None

    @property
    def id(self) -> UUID:
        """The document's id."""
        return self.document.id


async def list_items(session: Session, signing: SigningSession) -> list[Item]:
    """Return what a session covers, in reading order."""
    if signing.kind == ActKind.COUNTERSIGN:
        found = await queries.list_countersignatures(session, signing.id)
        return [Item(document, note.digest, note) for note, document in found]
    return [Item(document, document.digest) for document in await queries.list_documents(session, signing.id)]


def purpose_of(signing: SigningSession) -> str:
    """Return what the signed act says it is for: a proof made for one kind is none for the other."""
    return PURPOSES[ActKind(signing.kind)]


def awaits(signing: SigningSession, document: Document) -> bool:
    """Whether a document still waits for the signature of an act."""
    return document.state == ("signed" if signing.kind == ActKind.COUNTERSIGN else "prepared")


def signature_of(signing: SigningSession, document: Document) -> tuple[bytes, datetime] | None:
    """(SHA-256 of the file, time) as the act left it, where it did; what followed does not change that."""
    noting = signing.kind == ActKind.COUNTERSIGN
    digest = document.countersigned_sha256 if noting else document.signed_sha256
    at = document.countersigned_at if noting else document.signed_at
    return (digest, at) if digest is not None and at is not None else None


def new_session(employee_id: UUID, kind: ActKind, provider: str, now: datetime) -> SigningSession:
    """A session that begins now, not written yet."""
    return SigningSession(
        id=new_id(),
        employee_id=employee_id,
        kind=kind,
        provider=provider,
        state=State.PREPARED,
        nonce=secrets.token_bytes(32),
        created_at=now,
        expires_at=now + SESSION_LIFE,
        restarts=0,
    )


async def make_way(session: Session, employee_id: UUID) -> None:
    """Give up what a person had begun, if anything; raises `ActSending` while a call is under way."""
    if live := await queries.find_live(session, employee_id):
        await give_way(session, live, await list_items(session, live))


async def give_way(session: Session, live: SigningSession, items: Sequence[Item]) -> None:
    """As `make_way`, for a session and its items that were looked at."""
    if live.state == State.SENDING:
        raise ActSending
    live.state = State.ABANDONED
    await give_up(session, live, items)


async def give_up(session: Session, signing: SigningSession, items: Sequence[Item]) -> None:
    """Drop the bytes that were prepared for an act that will not happen; the rows stay."""
    await queries.abandon_evidence(session, signing.id)
    if signing.kind == ActKind.COUNTERSIGN:
        await queries.drop_revisions(session, signing.id)
    else:
        await documents.abandon(session, [item.document for item in items])
    await session.flush()
