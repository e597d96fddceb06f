"""List what waits for an official's note, leave some out, prepare the revisions, and take the signatures in."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.errors import NotFound
from app.core.permission import Permission
from app.core.principal import Principal
from app.countersigner import service as countersigner
from app.countersigner.models import Countersigner
from app.countersigner.service import Terms
from app.document import other_makers, stamp_faults, store
from app.document import queries as register
from app.document import service as documents
from app.document.compiled import TemplateShelf
from app.document.countersigning import queries
from app.document.countersigning.waiting import Office, Stuck, Waiting
from app.document.errors import DocumentDamaged, NotPrintable
from app.document.finishing import Prefixed, check
from app.document.models import Document
from app.document.other_makers import DEVICE
from app.pdf.ending import AppendRefused
from app.pdf.errors import PdfFault
from app.pdf.inspect import Signer
from app.pdf.revision import SEAL_ROOM, PreparedRevision, embed, prepare_countersignature
from app.pki.authority import Authority
from app.pledge import service as pledge

MANDATE_OVER = "mandate_over"
UNSEALED = timedelta(minutes=10)  # the sealing job runs every two seconds


class Note(NamedTuple):
    """A document, who takes note of it, and the revision that waits for the signature."""

    document: Document
    countersigner: Countersigner
    prepared: PreparedRevision


@dataclass(frozen=True)
class NoteWay:
    """How notes are signed: by whom, and with how much room in the hole; `room` 0: the file goes out without one."""

    provider: str = DEVICE
    room: int = SEAL_ROOM


@dataclass(frozen=True, slots=True)
class Countersigned:
    """A note whose signature was made elsewhere: the unsigned revision, where it begins, its hole, and the CMS to embed.

    Without a hole the revision is a signing service's own update, and there is nothing to embed. `terms` is what the time in a signature
    made elsewhere is held against.
    """

    document: Document
    revision: bytes
    start: int
    hole: tuple[int, int]
    digest: bytes
    cms: bytes
    provider: str = DEVICE
    terms: Terms | None = None


async def list_waiting(
    session: Session, employee_id: UUID, *, today: date, left_out: bool | None, after: UUID | None, limit: int
) -> list[Waiting]:
    """Return what waits for a person's note, oldest first; nothing for who takes note nowhere."""
    offices = _places(await countersigner.offices_of(session, employee_id, today=today))
    if not offices:
        return []
    return await queries.list_waiting(session, employee_id, offices, left_out=left_out, after=after, limit=limit)


async def get_waiting(session: Session, employee_id: UUID, ids: Sequence[UUID], *, today: date) -> list[Waiting]:
    """Return, oldest first, what of the given documents waits for a person's note; raises `NotFound` unless all of it does."""
    return await _take(session, employee_id, ids, today)


async def leave_out(
    session: Session, employee_id: UUID, ids: Sequence[UUID], reason: str, *, today: date, now: datetime
) -> int:
    """Write down that a person will not take note of some of what waits for them; raises `NotFound` unless all of it does."""
    found = await _take(session, employee_id, ids, today)
    await queries.leave_out(session, [w.document.id for w in found], reason, now)
    return len(found)


async def prepare(
    session: Session,
    shelf: TemplateShelf,
    blobs: BlobStore,
    employee_id: UUID,
    ids: Sequence[UUID],
    way: NoteWay = NoteWay(),
    *,
    today: date,
    now: datetime,
) -> list[Note]:
    """Make the revisions a person is to sign, in the order asked for; raises `NotFound` unless all of it waits for them."""
    offices = {(o.round_id, o.agency_id): o for o in await countersigner.offices_of(session, employee_id, today=today)}
    found = {w.document.id: w.document for w in await _take(session, employee_id, ids, today)}
    ordered = [found[i] for i in dict.fromkeys(ids)]
    parts = await documents.parts_of(session, blobs, ordered)
    files = []
    for document in ordered:
        file = Prefixed(*await shelf.base(document.prefix), parts[document.id])
        text = await shelf.text(session, document.round_id, document.pledge)
        assert document.countersign_agency_id is not None
        office = offices[document.round_id, document.countersign_agency_id]
        files.append((document, office, file, text.inputs.place, text.inputs.zone))
    return await asyncio.to_thread(_prepare_all, files, way, now)


async def keep(
    session: Session,
    shelf: TemplateShelf,
    blobs: BlobStore,
    authority: Authority,
    noted: Sequence[Countersigned],
    *,
    roots: Sequence[bytes],
    at: datetime,
) -> list[Signer | None]:
    """Embed the signatures, re-open and verify the finished bytes, store them durably, and say where they lie.

    The documents are locked (`lock_unchanged`). Bytes first, then the rows that name them, as in `documents.keep_signed`. `roots` (DER)
    stand behind signatures of other services. Returns what the certificates say of officials who signed elsewhere.
    """
    parts = await documents.parts_of(session, blobs, [n.document for n in noted])
    bases = {n.document.prefix: await shelf.base(n.document.prefix) for n in noted}
    files = [Prefixed(*bases[n.document.prefix], parts[n.document.id]) for n in noted]
    finished = await asyncio.to_thread(_finish_all, authority, roots, noted, files, at)
    revisions = [
        store.NewRevision(
            n.document.id, n.document.prefix, len(one.file.parts) - 1, "countersigned", one.file.parts[-1]
        )
        for n, one in zip(noted, finished, strict=True)
    ]
    rows = await store.keep(blobs, revisions)
    for n, one in zip(noted, finished, strict=True):
        n.document.state, n.document.countersigned_at = "countersigned", at
        n.document.sha256 = n.document.countersigned_sha256 = one.file.digest()
        n.document.size = one.file.size
        n.document.countersign_provider, n.document.seal_refused = n.provider, one.closed
        n.document.left_out_at = n.document.left_out_reason = None
    await register.insert_revisions(session, rows)
    return [one.official for one in finished]


async def lock_unchanged(session: Session, employee_id: UUID, ids: Sequence[UUID], *, today: date) -> set[UUID]:
    """Lock documents and return those that still wait for a person's note."""
    offices = _places(await countersigner.offices_of(session, employee_id, today=today))
    if not offices:
        return set()
    return {w.document.id for w in await queries.take_waiting(session, employee_id, offices, ids)}


async def lock_named(session: Session, employee_id: UUID, document: Document) -> bool:
    """Lock a document; whether it still waits for a note and names nobody else, whatever became of the person's mandate since."""
    if document.countersign_agency_id is None:
        return False
    office = (document.round_id, document.countersign_agency_id)
    return bool(await queries.take_waiting(session, employee_id, [office], [document.id]))


async def names_of(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return whose the documents are, by document."""
    return await queries.list_names(session, ids)


async def list_stuck(
    session: Session,
    actor: Principal,
    round_id: UUID,
    *,
    hours: int,
    today: date,
    now: datetime,
    stamps: Collection[str],
    after: UUID | None,
    limit: int,
) -> list[Stuck]:
    """Return signed documents that do not get on, each with its cause: nobody to take note, left out, or waiting too long.

    `stamps` are the time-stamping authorities of others that are asked: where all fail, what waits for its seal says why.
    """
    actor.require(Permission.OBLIGATION_READ)
    await pledge.get_round(session, round_id)
    found = await queries.list_stuck(
        session,
        round_id,
        actor.scope,
        today=today,
        unsigned_since=now - timedelta(hours=hours),
        unsealed_since=now - UNSEALED,
        after=after,
        limit=limit,
    )
    why = await stamp_faults.why_waiting(session, stamps)
    return [row._replace(reason=why) if row.cause == "seal.waiting" else row for row in found]


async def _take(session: Session, employee_id: UUID, ids: Sequence[UUID], today: date) -> list[Waiting]:
    offices = _places(await countersigner.offices_of(session, employee_id, today=today))
    found = await queries.take_waiting(session, employee_id, offices, ids) if offices else []
    if len(found) != len(set(ids)):
        raise NotFound
    return found


def _places(offices: Sequence[Countersigner]) -> list[Office]:
    return [(office.round_id, office.agency_id) for office in offices]


_Asked = tuple[Document, Countersigner, Prefixed, str, str]


def _prepare_all(files: Sequence[_Asked], way: NoteWay, now: datetime) -> list[Note]:
    notes = []
    for document, office, file, place, zone in files:
        official = countersigner.official(office)
        try:
            known = file if other_makers.made_here(document) else other_makers.continued(file)
            made = (
                prepare_countersignature(known.file, official, place=place, at=now, zone=zone, room=way.room)
                if way.room
                else PreparedRevision(b"", (0, 0), file.digest(), file.size)
            )
        except PdfFault as fault:
            raise NotPrintable(reason=str(fault), name=office.name) from fault
        except AppendRefused as refused:
            raise DocumentDamaged(document=str(document.id), reason=refused.code) from refused
        notes.append(Note(document, office, made))
    return notes


class _Finished(NamedTuple):
    """The file with the note; of a note made elsewhere what its certificate says, and why nothing may follow it."""

    file: Prefixed
    official: Signer | None = None
    closed: str | None = None


def _finish_all(
    authority: Authority,
    roots: Sequence[bytes],
    noted: Sequence[Countersigned],
    files: Sequence[Prefixed],
    now: datetime,
) -> list[_Finished]:
    finished = []
    for note, file in zip(noted, files, strict=True):
        name = str(note.document.id)
        if file.size != note.start:
            raise DocumentDamaged(document=name, reason="revision.start")
        revision = note.revision
        if note.hole != (0, 0):
            revision = embed(revision, hole=note.hole, prefix_length=note.start, cms=note.cms)
        extended = file.extended(revision)
        if note.provider == DEVICE and other_makers.made_here(note.document):
            _check_own(extended, authority, note)
            finished.append(_Finished(extended))
        else:
            kinds = ("signer", "countersigner")
            signers = other_makers.check(extended, authority, roots, kinds, name=name, now=now)
            signed_at = signers[-1].signed_at
            if note.terms and signed_at and not note.terms(signed_at):
                raise DocumentDamaged(document=name, reason=MANDATE_OVER)
            closed = other_makers.why_closed(other_makers.whole(extended))
            finished.append(_Finished(extended, signers[-1], closed))
    return finished


def _check_own(extended: Prefixed, authority: Authority, note: Countersigned) -> None:
    name = str(note.document.id)
    facts = check(extended, authority, name=name, digest=note.document.digest).signatures
    if [f.kind for f in facts] != ["signer", "countersigner"] or facts[-1].digest != note.digest:
        raise DocumentDamaged(document=name, reason="reopen.countersigner")
