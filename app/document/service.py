"""Prepare documents, take their signatures in, and give their bytes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.errors import NotFound
from app.core.faults import Step, reached
from app.core.ids import new_code, new_id
from app.core.offload import offload
from app.core.permission import Permission
from app.core.principal import Principal
from app.countersigner import service as countersigner
from app.countersigner.service import Noting
from app.document import queries, store
from app.document.compiled import RoundText, TemplateShelf
from app.document.errors import NotPrintable, NotSignedYet, StoreDamaged
from app.document.finishing import Prefixed, check
from app.document.models import FILED, Document
from app.document.owed import Owed
from app.obligation import service as obligation
from app.obligation.models import Obligation, Participant
from app.pdf.errors import PdfFault
from app.pdf.person import PersonValues
from app.pdf.revision import RevisionBase, embed
from app.pdf.statement import Statement, statement
from app.pdf.tail import Prepared
from app.pki.authority import Authority
from app.transparency.record import Fact


@dataclass(frozen=True, slots=True)
class Signed:
    """A document whose signature was made elsewhere: the CMS to embed, and the device key it must verify under."""

    document: Document
    cms: bytes
    spki: bytes


async def prepare(
    session: Session,
    shelf: TemplateShelf,
    participants: dict[UUID, Participant],
    obligations: Sequence[Obligation],
    *,
    today: date,
    now: datetime,
) -> list[Document]:
    """Print one document for each obligation of a person and store its bytes and digest; `participants` is by round id.

    In a countersigned round it names who takes note today; where nobody stands above the person it has no such block.
    Raises `NotPrintable` for the first that cannot be printed; then none is kept.
    """
    prepared = []
    for owed in obligations:
        text = await shelf.text(session, owed.round_id, owed.pledge)
        person, noting = participants[owed.round_id], None
        if text.inputs.countersign:
            noting = await countersigner.note_for(
                session, owed.round_id, person.agency_id, owed.employee_id, today=today
            )
            text = text if noting else await shelf.unnoted(session, owed.round_id, owed.pledge)
        duty = Owed(owed.id, owed.round_id, owed.employee_id, owed.pledge, person.agency_id, person.printed)
        row, made = print_document(text, duty, now, noting)
        await shelf.hold(text.template.variants[made.variant])
        prepared.append(Document(**row, prepared_tail=made.tail))
    await queries.insert_printed(session, prepared)
    return prepared


def print_document(
    text: RoundText, owed: Owed, now: datetime, noting: Noting | None = None
) -> tuple[dict[str, Any], Prepared]:
    """Print what is owed; return the row of the register (every column but the bytes) and the bytes.

    Every column is given, so that nothing has to be read back after the insert. Raises `NotPrintable`.
    """
    code = new_code()
    try:
        person = PersonValues(**owed.printed, countersigner=noting.official if noting else None)
        made = text.template.prepare(person, code=code, prepared_at=now)
    except PdfFault as fault:
        raise NotPrintable(reason=str(fault), name=owed.printed["name"]) from fault
    row = {
        "id": new_id(),
        "code": code,
        "obligation_id": owed.obligation_id,
        "round_id": owed.round_id,
        "employee_id": owed.employee_id,
        "agency_id": owed.agency_id,
        "pledge": owed.pledge,
        "prefix": text.template.variants[made.variant].prefix_sha256,
        "state": "prepared",
        "prepared_at": now,
        "hole_start": made.hole[0],
        "hole_end": made.hole[1],
        "digest": made.digest,
        "assurance": "uncertified",
        "provider": "device",
        "countersign_agency_id": noting.agency_id if noting else None,
        "countersigner_id": noting.countersigner_id if noting else None,
    }
    return row, made


def person_values(participant: Participant) -> PersonValues:
    """Return what is printed about a person, frozen at the cut-off."""
    return PersonValues(**participant.printed)


async def read_statement(
    session: Session, shelf: TemplateShelf, document: Document, participant: Participant
) -> Statement:
    """Return the document's text as it is read on a screen: word for word what is printed."""
    text = await shelf.text(session, document.round_id, document.pledge)
    return statement(text.inputs.source, text.inputs.round_values, person_values(participant), place=text.inputs.place)


async def title(session: Session, shelf: TemplateShelf, document: Document) -> str:
    """Return the name of the document's text."""
    return (await shelf.text(session, document.round_id, document.pledge)).title


async def keep_signed(
    session: Session,
    shelf: TemplateShelf,
    blobs: BlobStore,
    authority: Authority,
    signed: Sequence[Signed],
    *,
    at: datetime,
) -> list[Document]:
    """Embed signatures, re-open and verify the finished bytes, store them durably, and say where they lie.

    The bytes are on disk before the transaction that names them commits: a crash in between leaves an unnamed blob, never a
    name without bytes.
    """
    bases = {s.document.prefix: await shelf.base(s.document.prefix) for s in signed}
    files = await offload(len(signed), _finish, bases, authority, signed)
    revisions = [
        store.NewRevision(item.document.id, item.document.prefix, 0, "signed", file.parts[0])
        for item, file in zip(signed, files, strict=True)
    ]
    reached(Step.VERIFIED)
    rows = await store.keep(blobs, revisions)
    reached(Step.STORED)
    await queries.keep_signed(
        session, [(item.document, _signed_row(file, at)) for item, file in zip(signed, files, strict=True)]
    )
    await queries.insert_revisions(session, rows)
    return [item.document for item in signed]


def _signed_row(file: Prefixed, at: datetime) -> dict[str, Any]:
    digest = file.digest()
    return {
        "state": "signed",
        "prepared_tail": None,
        "signed_at": at,
        "sha256": digest,
        "signed_sha256": digest,
        "size": file.size,
    }


async def parts_of(session: Session, blobs: BlobStore, documents: Sequence[Document]) -> dict[UUID, tuple[bytes, ...]]:
    """Return what follows the prefix of each document, revision by revision."""
    parts: dict[UUID, tuple[bytes, ...]] = {d.id: (d.prepared_tail,) if d.prepared_tail else () for d in documents}
    kept = [d.id for d in documents if d.prepared_tail is None]
    revisions = await queries.list_revisions(session, kept) if kept else ()
    return parts | await store.read(blobs, documents, revisions)


async def file_bytes(session: Session, shelf: TemplateShelf, blobs: BlobStore, document: Document) -> bytes:
    """Return the whole file in its newest revision; raises `NotSignedYet` for a prepared one."""
    if document.state not in FILED:
        raise NotSignedYet
    return await displayed_bytes(session, shelf, blobs, document)


async def displayed_bytes(session: Session, shelf: TemplateShelf, blobs: BlobStore, document: Document) -> bytes:
    """Return the bytes a picture is drawn from, a prepared document's included; `NotFound` for one that was given up."""
    if document.state == "abandoned":
        raise NotFound
    prefix, _ = await shelf.base(document.prefix)
    for _look in range(2):
        data = prefix + b"".join((await parts_of(session, blobs, [document]))[document.id])
        if document.sha256 is None or sha256(data).digest() == document.sha256:
            return data
        await session.refresh(
            document
        )  # it may have been sealed since its row was read, and its revisions were read after
    raise StoreDamaged(reason="digest")


async def get_visible(session: Session, actor: Principal, document_id: UUID) -> Document:
    """Return a document to its own person, to who is to take note of it, or to a reader whose scope holds its agency.

    `NotFound` for everybody else.
    """
    found = await queries.find_by_id(session, document_id)
    if found is None or not (_may_see(actor, found) or await _takes_note(session, actor, found)):
        raise NotFound
    return found


def newest_fact(document: Document) -> Fact:
    """Return the newest thing the log says about a document that was signed."""
    if document.voided_at:
        return Fact.DOCUMENT_VOIDED
    if document.assurance == "wet_scan":
        return Fact.SCAN_ACCEPTED
    if document.renewed_at:
        return Fact.DOCUMENT_RENEWED
    if document.sealed_at:
        return Fact.DOCUMENT_SEALED
    return Fact.DOCUMENT_COUNTERSIGNED if document.countersigned_at else Fact.DOCUMENT_SIGNED


async def list_by_ids(session: Session, ids: Sequence[UUID]) -> list[Document]:
    """Return documents in the order of the ids."""
    return await queries.list_by_ids(session, ids)


async def abandon(session: Session, prepared: Sequence[Document]) -> None:
    """Drop the bytes of documents that will not be signed; their rows stay."""
    await queries.abandon(session, [d.id for d in prepared])


async def find_by_code(session: Session, code: str) -> Document | None:
    """Return the signed document a code leads to; a prepared one is nobody's business."""
    found = await queries.find_by_code(session, code.strip().upper())
    return found if found is not None and found.state in FILED else None


async def find_newest_signed(session: Session, round_id: UUID) -> Document | None:
    """Return the document of a round that was signed last."""
    return await queries.find_newest_signed(session, round_id)


async def list_sealed(session: Session, round_id: UUID, after: UUID | None, limit: int) -> list[Document]:
    """Return sealed documents of a round in the order of their ids."""
    return await queries.list_in_state(session, round_id, "sealed", after, limit)


async def participant_of(session: Session, document: Document) -> Participant:
    """Return the frozen row of the document's person."""
    return await obligation.get_participant(session, document.round_id, document.employee_id)


def _may_see(actor: Principal, document: Document) -> bool:
    if actor.employee_id is not None and actor.employee_id == document.employee_id:
        return True
    if not actor.may(Permission.DOCUMENT_READ):
        return False
    return actor.scope.agencies is None or document.agency_id in actor.scope.agencies


async def _takes_note(session: Session, actor: Principal, document: Document) -> bool:
    if actor.employee_id is None or document.countersign_agency_id is None or document.state not in FILED:
        return False
    live = await countersigner.find_live(session, document.round_id, document.countersign_agency_id)
    return live is not None and live.employee_id == actor.employee_id


def _finish(
    bases: dict[str, tuple[bytes, RevisionBase]], authority: Authority, signed: Sequence[Signed]
) -> list[Prefixed]:
    files = []
    for item in signed:
        document = item.document
        prefix, base = bases[document.prefix]
        if document.prepared_tail is None:
            raise NotSignedYet
        hole = (document.hole_start, document.hole_end)
        tail = embed(document.prepared_tail, hole=hole, prefix_length=len(prefix), cms=item.cms)
        file = Prefixed(prefix, base, (tail,))
        check(file, authority, name=str(document.id), digest=document.digest, spki=item.spki)
        files.append(file)
    return files
