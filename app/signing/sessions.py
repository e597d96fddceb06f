"""Open, show, restart a signing session: steps 1 and 2 of the ceremony."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.asn.nip import certified
from app.core.blobs import BlobStore
from app.core.clock import local_day
from app.core.db import Session
from app.core.errors import NotFound
from app.core.faults import Step, about_to_commit
from app.core.mail import Mailer
from app.core.principal import Principal
from app.countersigner import service as countersigner
from app.countersigner.models import Countersigner
from app.document import service as documents
from app.document.compiled import TemplateShelf
from app.document.countersigning import service as noting
from app.document.models import Document
from app.identity import service as identity
from app.identity.passkey import RelyingParty
from app.identity.recovery import service as recovery
from app.obligation import service as obligation
from app.obligation.models import Participant
from app.pki.authority import Authority
from app.signing import queries, states
from app.signing.act import b64, mark
from app.signing.covering import ActKind, Item, give_up, give_way, list_items, new_session, purpose_of
from app.signing.errors import NotDeclinable, SessionState, TooManyRestarts
from app.signing.models import SigningSession
from app.signing.remote.settled import require_settled
from app.signing.schemas import Bundle, Receipt, SessionDocument, SessionRead, Signer, StatementBlock
from app.signing.states import State
from app.transparency.record import LogIdentity

DEVICE = "device"


@dataclass(frozen=True)
class Ceremony:
    """What the ceremony needs of the process; `roots` (DER) stand behind signatures of other services."""

    authority: Authority
    institution: str
    party: RelyingParty
    shelf: TemplateShelf
    blobs: BlobStore
    log: LogIdentity
    mailer: Mailer
    timezone: str
    roots: Sequence[bytes] = ()


@dataclass(frozen=True)
class Act:
    """A session with what it covers, in reading order, and who signs.

    `participants` has the person's frozen row of each round, empty in an act of countersigning.
    """

    signing: SigningSession
    items: list[Item]
    participants: dict[UUID, Participant]
    signer: Signer


async def load(session: Session, signing: SigningSession) -> Act:
    """Return a session with what it covers."""
    items = await list_items(session, signing)
    if signing.kind == ActKind.COUNTERSIGN:
        office = await office_of(session, items)
        return Act(signing, items, {}, Signer(name=office.name, nip=office.nip))
    rounds = {item.document.round_id: item.document for item in items}
    return _own(signing, items, {r: await documents.participant_of(session, d) for r, d in rounds.items()})


async def office_of(session: Session, items: Sequence[Item]) -> Countersigner:
    """Return in which office an act of countersigning is done: its certificate says so."""
    first = next(item.note.countersigner_id for item in items if item.note is not None)
    return (await countersigner.list_by_ids(session, [first]))[first]


def _own(signing: SigningSession, items: list[Item], participants: dict[UUID, Participant]) -> Act:
    person = next(iter(participants.values()))
    return Act(signing, items, participants, Signer(name=person.name, nip=certified(person.nip, person.employee_id)))


async def open_session(
    session: Session, ceremony: Ceremony, actor: Principal, obligation_ids: Sequence[UUID], *, now: datetime
) -> Act:
    """Prepare documents for pending obligations of the caller; a live session for the same ones is given again.

    One session at a time: another live session of the person is abandoned, with its prepared documents.
    """
    employee_id = actor.require_employee()
    await recovery.require_may_sign(session, employee_id, opening=True, now=now)
    owed = await obligation.require_pending(session, employee_id, obligation_ids, now=now)
    participants = await obligation.lock(session, employee_id, [o.round_id for o in owed])
    await require_settled(session, [o.id for o in owed])
    if live := await queries.find_live(session, employee_id):
        items = await list_items(session, live)
        same = [item.document.obligation_id for item in items] == [o.id for o in owed]
        if live.kind == ActKind.SIGN and live.provider == DEVICE and live.expires_at > now and same:
            return _own(live, items, participants)
        await give_way(session, live, items)
    today = local_day(now, ceremony.timezone)
    prepared = await documents.prepare(session, ceremony.shelf, participants, owed, today=today, now=now)
    signing = new_session(employee_id, ActKind.SIGN, DEVICE, now)
    await queries.open_session(session, signing, [d.id for d in prepared])
    about_to_commit(session, Step.OPENED, Step.OPENED_DURABLE)
    return _own(signing, [Item(d, d.digest) for d in prepared], participants)


async def get_own(
    session: Session, actor: Principal, session_id: UUID, *, lock: bool, elsewhere: bool = False
) -> SigningSession:
    """Return the caller's session, with `elsewhere` also one through a provider; another person's does not exist for them."""
    employee_id = actor.require_employee()
    found = await queries.find_session(session, session_id, lock=lock)
    if found is None or found.employee_id != employee_id or not (elsewhere or found.provider == DEVICE):
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


async def decline(session: Session, signing: SigningSession, reason: str, *, now: datetime) -> None:
    """The person will not sign: the session ends, the obligations stay pending and say so. Asked for again it changes nothing."""
    if signing.kind != ActKind.SIGN:
        raise NotDeclinable
    if signing.state == State.DECLINED:
        return
    if signing.state not in {State.PREPARED, State.CERTIFIED}:
        raise SessionState(state=signing.state, needed=State.PREPARED.value)
    items = await list_items(session, signing)
    await obligation.decline(session, [item.document.obligation_id for item in items], reason, at=now)
    signing.state = State.DECLINED
    await give_up(session, signing, items)


async def covered_documents(session: Session, signing: SigningSession) -> list[Document]:
    """Return the session's documents in reading order."""
    return [item.document for item in await list_items(session, signing)]


async def bundle(session: Session, ceremony: Ceremony, signing: SigningSession) -> bytes:
    """Return the octets of all documents, each distinct piece once, in the order `describe` counts them."""
    pieces, _ = await _layout(session, ceremony, await list_items(session, signing))
    return b"".join(pieces)


async def describe(session: Session, ceremony: Ceremony, opened: Act, *, now: datetime) -> SessionRead:
    """Return the session as the device needs it."""
    return (await describe_with_bundle(session, ceremony, opened, now=now))[0]


async def describe_with_bundle(
    session: Session, ceremony: Ceremony, opened: Act, *, now: datetime
) -> tuple[SessionRead, bytes]:
    """Return the session as the device needs it, and the octets its description counts."""
    signing, items = opened.signing, opened.items
    pieces, ranges = await _layout(session, ceremony, items)
    passkeys, has_pin = await identity.ways_in(session, signing.employee_id)
    described = SessionRead(
        id=signing.id,
        purpose=purpose_of(signing),
        state=State(signing.state).value,
        nonce=b64(signing.nonce) if signing.state == State.PREPARED else None,
        expires_in=max(0, round((signing.expires_at - now).total_seconds())),
        mark=mark([item.digest for item in items]),
        signer=opened.signer,
        credentials=[b64(p.credential_id) for p in passkeys],
        pin=has_pin,
        bundle=Bundle(bytes=sum(map(len, pieces))),
        documents=await _describe_documents(session, ceremony, opened, ranges),
        receipts=receipts(signing, [item.document for item in items]) if signing.state == State.SIGNED else [],
    )
    return described, b"".join(pieces)


def receipts(signing: SigningSession, signed: Sequence[Document]) -> list[Receipt]:
    """Return receipts of signed documents: the file as the act left it, whatever was added since."""
    if signing.kind == ActKind.COUNTERSIGN:
        kept = [(d.id, d.countersigned_sha256, d.countersigned_at) for d in signed]
    else:
        kept = [(d.id, d.signed_sha256, d.signed_at) for d in signed]
    return [Receipt(id=i, sha256=sha256.hex(), signed_at=at) for i, sha256, at in kept if sha256 is not None and at]


async def _describe_documents(
    session: Session, ceremony: Ceremony, opened: Act, ranges: dict[UUID, list[tuple[int, int]]]
) -> list[SessionDocument]:
    """The own pledges with their text; of others' pledges, whose they are: they are read as files and pictures."""
    own = opened.signing.kind == ActKind.SIGN
    names = {} if own else await noting.names_of(session, [item.id for item in opened.items])
    described = []
    for item in opened.items:
        document, blocks, heading = item.document, [], []
        if own:
            person = opened.participants[document.round_id]
            text = await documents.read_statement(session, ceremony.shelf, document, person)
            heading = list(text.title)
            blocks = [StatementBlock(kind=b.kind, label=b.label, text=b.text) for b in text.blocks]
        described.append(
            SessionDocument(
                id=document.id,
                title=await documents.title(session, ceremony.shelf, document),
                person=names.get(document.id, opened.signer.name),
                sha256=item.digest.hex(),
                parts=ranges[document.id],
                heading=heading,
                statement=blocks,
                page=f"/api/v1/documents/{document.id}/pages/1.png",
            )
        )
    return described


async def _layout(
    session: Session, ceremony: Ceremony, items: Sequence[Item]
) -> tuple[list[bytes], dict[UUID, list[tuple[int, int]]]]:
    """Return the bundle's pieces, each distinct one once, and for each document the (offset, length) of its own."""
    parts = await documents.parts_of(session, ceremony.blobs, [item.document for item in items])
    places: dict[bytes, tuple[int, int]] = {}
    ranges: dict[UUID, list[tuple[int, int]]] = {}
    at = 0
    for item in items:
        prefix, _ = await ceremony.shelf.base(item.document.prefix)
        revision = item.note.revision if item.note else None
        pieces = (prefix, b"".join(parts[item.id]), *([revision] if revision else []))
        for piece in pieces:
            if piece not in places:
                places[piece] = (at, len(piece))
                at += len(piece)
        ranges[item.id] = [places[piece] for piece in pieces]
    return list(places), ranges
