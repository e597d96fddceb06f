"""List what waits for an official's note, leave some out, prepare the revisions, and take the signatures in."""

import asyncio
from collections.abc import Sequence
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
from app.document import queries as register
from app.document import service as documents
from app.document import store
from app.document.compiled import TemplateShelf
from app.document.countersigning import queries
from app.document.countersigning.waiting import Office, Stuck, Waiting
from app.document.errors import DocumentDamaged, NotPrintable
from app.document.finishing import Prefixed, check
from app.document.models import Document
from app.pdf.errors import PdfFault
from app.pdf.revision import FileParts, PreparedRevision, embed, prepare_countersignature
from app.pki.authority import Authority
from app.pledge import service as pledge

UNSEALED = timedelta(minutes=10)  # the sealing job runs every two seconds


class Note(NamedTuple):
    """A document, who takes note of it, and the revision that waits for the signature."""

    document: Document
    countersigner: Countersigner
    prepared: PreparedRevision


@dataclass(frozen=True, slots=True)
class Countersigned:
    """A note whose signature was made elsewhere: the unsigned revision, where it begins, its hole, and the CMS to embed."""

    document: Document
    revision: bytes
    start: int
    hole: tuple[int, int]
    digest: bytes
    cms: bytes


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
        _, base = await shelf.base(document.prefix)
        text = await shelf.text(session, document.round_id, document.pledge)
        assert document.countersign_agency_id is not None
        office = offices[document.round_id, document.countersign_agency_id]
        files.append((document, office, FileParts(base, parts[document.id]), text.inputs.place, text.inputs.zone))
    return await asyncio.to_thread(_prepare_all, files, now)


async def keep(
    session: Session,
    shelf: TemplateShelf,
    blobs: BlobStore,
    authority: Authority,
    noted: Sequence[Countersigned],
    *,
    at: datetime,
) -> None:
    """Embed the signatures, re-open and verify the finished bytes, store them durably, and say where they lie.

    The documents are locked (`lock_unchanged`). Bytes first, then the rows that name them, as in `documents.keep_signed`.
    """
    parts = await documents.parts_of(session, blobs, [n.document for n in noted])
    bases = {n.document.prefix: await shelf.base(n.document.prefix) for n in noted}
    files = [Prefixed(*bases[n.document.prefix], parts[n.document.id]) for n in noted]
    finished = await asyncio.to_thread(_finish_all, authority, noted, files)
    revisions = [
        store.NewRevision(n.document.id, n.document.prefix, len(file.parts) - 1, "countersigned", file.parts[-1])
        for n, file in zip(noted, finished, strict=True)
    ]
    rows = await store.keep(blobs, revisions)
    for n, file in zip(noted, finished, strict=True):
        n.document.state, n.document.countersigned_at = "countersigned", at
        n.document.sha256 = n.document.countersigned_sha256 = file.digest()
        n.document.size = file.size
        n.document.left_out_at = n.document.left_out_reason = None
    await register.insert_revisions(session, rows)


async def lock_unchanged(session: Session, employee_id: UUID, ids: Sequence[UUID], *, today: date) -> set[UUID]:
    """Lock documents and return those that still wait for a person's note."""
    offices = _places(await countersigner.offices_of(session, employee_id, today=today))
    if not offices:
        return set()
    return {w.document.id for w in await queries.take_waiting(session, employee_id, offices, ids)}


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
    after: UUID | None,
    limit: int,
) -> list[Stuck]:
    """Return signed documents that do not get on, each with its cause: nobody to take note, left out, or waiting too long."""
    actor.require(Permission.OBLIGATION_READ)
    await pledge.get_round(session, round_id)
    return await queries.list_stuck(
        session,
        round_id,
        actor.scope,
        today=today,
        unsigned_since=now - timedelta(hours=hours),
        unsealed_since=now - UNSEALED,
        after=after,
        limit=limit,
    )


async def _take(session: Session, employee_id: UUID, ids: Sequence[UUID], today: date) -> list[Waiting]:
    offices = _places(await countersigner.offices_of(session, employee_id, today=today))
    found = await queries.take_waiting(session, employee_id, offices, ids) if offices else []
    if len(found) != len(set(ids)):
        raise NotFound
    return found


def _places(offices: Sequence[Countersigner]) -> list[Office]:
    return [(office.round_id, office.agency_id) for office in offices]


def _prepare_all(files: Sequence[tuple[Document, Countersigner, FileParts, str, str]], now: datetime) -> list[Note]:
    notes = []
    for document, office, parts, place, zone in files:
        try:
            made = prepare_countersignature(parts, countersigner.official(office), place=place, at=now, zone=zone)
        except PdfFault as fault:
            raise NotPrintable(reason=str(fault), name=office.name) from fault
        notes.append(Note(document, office, made))
    return notes


def _finish_all(authority: Authority, noted: Sequence[Countersigned], files: Sequence[Prefixed]) -> list[Prefixed]:
    finished = []
    for note, file in zip(noted, files, strict=True):
        if file.size != note.start:
            raise DocumentDamaged(document=str(note.document.id), reason="revision.start")
        revision = embed(note.revision, hole=note.hole, prefix_length=note.start, cms=note.cms)
        extended = file.extended(revision)
        facts = check(extended, authority, name=str(note.document.id), digest=note.document.digest).signatures
        if [f.kind for f in facts] != ["signer", "countersigner"] or facts[-1].digest != note.digest:
            raise DocumentDamaged(document=str(note.document.id), reason="reopen.countersigner")
        finished.append(extended)
    return finished
