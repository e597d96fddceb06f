"""Open, show, restart a signing session: steps 1 and 2 of the ceremony."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.mail import Mailer
from app.core.principal import Principal
from app.document import service as documents
from app.document.compiled import TemplateShelf
from app.document.models import Document
from app.identity import service as identity
from app.identity.passkey import RelyingParty
from app.obligation import service as obligation
from app.obligation.models import Participant
from app.pki.authority import Authority
from app.signing import queries, states
from app.signing.act import b64, mark
from app.signing.errors import TooManyRestarts
from app.signing.models import SigningSession
from app.signing.schemas import Bundle, Receipt, SessionDocument, SessionRead, Signer, StatementBlock
from app.signing.states import State
from app.transparency.record import LogIdentity


@dataclass(frozen=True)
class Ceremony:
    """What the ceremony needs of the process."""

    authority: Authority
    institution: str
    party: RelyingParty
    shelf: TemplateShelf
    blobs: BlobStore
    log: LogIdentity
    mailer: Mailer


@dataclass(frozen=True)
class Act:
    """A session with what it covers: documents in reading order, and the person's frozen row of each round."""

    signing: SigningSession
    documents: list[Document]
    participants: dict[UUID, Participant]


async def load(session: Session, signing: SigningSession) -> Act:
    """Return a session with what it covers."""
    covered = await covered_documents(session, signing)
    rounds = {d.round_id: d for d in covered}
    return Act(signing, covered, {r: await documents.participant_of(session, d) for r, d in rounds.items()})


async def open_session(
    session: Session, ceremony: Ceremony, actor: Principal, obligation_ids: Sequence[UUID], *, now: datetime
) -> Act:
    """Prepare documents for pending obligations of the caller; a live session for the same ones is given again.

    One session at a time: another live session of the person is abandoned, with its prepared documents.
    """
    employee_id = actor.require_employee()
    owed = await obligation.require_pending(session, employee_id, obligation_ids, now=now)
    participants = await obligation.lock(session, employee_id, [o.round_id for o in owed])
    if live := await queries.find_live(session, employee_id):
        covered = await covered_documents(session, live)
        if live.expires_at > now and [d.obligation_id for d in covered] == [o.id for o in owed]:
            return Act(live, covered, participants)
        await _abandon(session, live, covered)
    prepared = await documents.prepare(session, ceremony.shelf, participants, owed, now=now)
    signing = SigningSession(
        id=new_id(),
        employee_id=employee_id,
        state=State.PREPARED,
        nonce=secrets.token_bytes(32),
        created_at=now,
        expires_at=now + states.SESSION_LIFE,
        restarts=0,
    )
    session.add(signing)
    await session.flush()
    await queries.insert_documents(session, signing.id, [d.id for d in prepared])
    return Act(signing, prepared, participants)


async def get_own(session: Session, actor: Principal, session_id: UUID, *, lock: bool) -> SigningSession:
    """Return the caller's session; another person's does not exist for them."""
    employee_id = actor.require_employee()
    found = await queries.find_session(session, session_id, lock=lock)
    if found is None or found.employee_id != employee_id:
        raise NotFound
    return found


async def restart(session: Session, signing: SigningSession, *, now: datetime) -> None:
    """The page was reloaded after the certificate: its key is gone. Same documents, new nonce; expiry is not extended."""
    states.require(signing, State.CERTIFIED, now)
    if signing.restarts >= states.MOST_RESTARTS:
        raise TooManyRestarts
    await queries.abandon_evidence(session, signing.id)
    signing.restarts += 1
    signing.state, signing.nonce = State.PREPARED, secrets.token_bytes(32)
    signing.spki = signing.certificate = signing.certificate_expires_at = signing.asked = signing.answer = None


async def covered_documents(session: Session, signing: SigningSession) -> list[Document]:
    """Return the session's documents in reading order."""
    return await queries.list_documents(session, signing.id)


async def bundle(session: Session, ceremony: Ceremony, signing: SigningSession) -> bytes:
    """Return the octets of all documents, each distinct piece once, in the order `describe` counts them."""
    pieces, _ = await _layout(session, ceremony, await covered_documents(session, signing))
    return b"".join(pieces)


async def describe(session: Session, ceremony: Ceremony, opened: Act, *, now: datetime) -> SessionRead:
    """Return the session as the device needs it."""
    signing, covered, participants = opened.signing, opened.documents, opened.participants
    person = next(iter(participants.values()))
    pieces, ranges = await _layout(session, ceremony, covered)
    passkeys, has_pin = await identity.ways_in(session, signing.employee_id)
    return SessionRead(
        id=signing.id,
        state=State(signing.state).value,
        nonce=b64(signing.nonce) if signing.state == State.PREPARED else None,
        expires_in=max(0, round((signing.expires_at - now).total_seconds())),
        mark=mark([d.digest for d in covered]),
        signer=Signer(name=person.name, nip=person.nip),
        credentials=[b64(p.credential_id) for p in passkeys],
        pin=has_pin,
        bundle=Bundle(bytes=sum(map(len, pieces))),
        documents=[
            await _describe_document(session, ceremony, document, participants[document.round_id], ranges[document.id])
            for document in covered
        ],
        receipts=receipts(covered) if signing.state == State.SIGNED else [],
    )


def receipts(signed: Sequence[Document]) -> list[Receipt]:
    """Return receipts of signed documents: the file as the person signed it, whatever was added since."""
    return [
        Receipt(id=d.id, sha256=d.signed_sha256.hex(), signed_at=d.signed_at)
        for d in signed
        if d.signed_sha256 is not None and d.signed_at is not None
    ]


async def _describe_document(
    session: Session, ceremony: Ceremony, document: Document, participant: Participant, parts: list[tuple[int, int]]
) -> SessionDocument:
    text = await documents.read_statement(session, ceremony.shelf, document, participant)
    return SessionDocument(
        id=document.id,
        title=await documents.title(session, ceremony.shelf, document),
        sha256=document.digest.hex(),
        parts=parts,
        heading=list(text.title),
        statement=[StatementBlock(kind=b.kind, label=b.label, text=b.text) for b in text.blocks],
        page=f"/api/v1/documents/{document.id}/pages/1.png",
    )


async def _layout(
    session: Session, ceremony: Ceremony, covered: Sequence[Document]
) -> tuple[list[bytes], dict[UUID, list[tuple[int, int]]]]:
    """Return the bundle's pieces, each distinct one once, and for each document the (offset, length) of its own."""
    parts = await documents.parts_of(session, ceremony.blobs, covered)
    places: dict[bytes, tuple[int, int]] = {}
    ranges: dict[UUID, list[tuple[int, int]]] = {}
    at = 0
    for document in covered:
        prefix, _ = await ceremony.shelf.base(document.prefix)
        pieces = (prefix, b"".join(parts[document.id]))
        for piece in pieces:
            if piece not in places:
                places[piece] = (at, len(piece))
                at += len(piece)
        ranges[document.id] = [places[piece] for piece in pieces]
    return list(places), ranges


async def _abandon(session: Session, signing: SigningSession, covered: Sequence[Document]) -> None:
    signing.state = State.ABANDONED
    await queries.abandon_evidence(session, signing.id)
    await documents.abandon(session, covered)
    await session.flush()
