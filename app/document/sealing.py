"""From signed to sealed: the institution's e-seal, then the archive time stamp (PAdES B-LTA), in batches.

The register itself is the queue: whatever is `signed` waits. A worker that dies gives its rows back with its transaction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog

from app.core import telemetry
from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.faults import Step, about_to_commit, reached
from app.core.settings import ServiceSettings
from app.document import other_makers, queries, store
from app.document import service as documents
from app.document.compiled import TemplateShelf
from app.document.errors import DocumentDamaged
from app.document.finishing import Prefixed, check, seal_all
from app.document.models import Document
from app.pdf.ending import AppendRefused
from app.pdf.errors import PdfFault
from app.pki.authority import Authority
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

BATCH = 200
FEW = 20
"""Documents with a signature of another maker are examined by a full validator, and come by fewer."""
REST = timedelta(minutes=10)
log = structlog.get_logger()


@dataclass(frozen=True)
class Sealer:
    """What sealing needs: whose seal, under which keys, into which store; `roots` (DER) stand behind signatures of other services.

    `aside`: documents that did not verify, and until when this process leaves them alone.
    """

    settings: ServiceSettings
    authority: Authority
    shelf: TemplateShelf
    blobs: BlobStore
    log: LogIdentity
    roots: Sequence[bytes] = ()
    aside: dict[UUID, datetime] = field(default_factory=dict)


class _Sealed(NamedTuple):
    """A document, its file before, and what is appended: e-seal revision, archive revision."""

    document: Document
    file: Prefixed
    appended: bytes


async def seal_waiting(session: Session, sealer: Sealer, *, now: datetime) -> int:
    """Seal up to `BATCH` signed documents in one transaction and one blob; return how many were taken.

    First those whose every signature is in the form of our own; then, fewer at a time, those signed elsewhere. Of these, one on which
    nothing may follow stays as it is and says why (`seal_refused`); one that does not verify waits, and holds up no other.
    """
    if waiting := await queries.take_waiting_for_seal(session, BATCH, made_here=True):
        made = await asyncio.to_thread(_seal_all, sealer, waiting, await _files(session, sealer, waiting), now)
    else:
        resting = [document for document, until in sealer.aside.items() if until > now]
        waiting = await queries.take_waiting_for_seal(session, FEW, made_here=False, without=resting)
        if not waiting:
            return 0
        made = await asyncio.to_thread(_seal_each, sealer, waiting, await _files(session, sealer, waiting), now)
    if made:
        await _keep(session, sealer, made, now)
    return len(waiting)


async def _files(session: Session, sealer: Sealer, waiting: Sequence[Document]) -> list[Prefixed]:
    parts = await documents.parts_of(session, sealer.blobs, waiting)
    return [Prefixed(*await sealer.shelf.base(d.prefix), parts[d.id]) for d in waiting]


async def _keep(session: Session, sealer: Sealer, made: Sequence[_Sealed], now: datetime) -> None:
    """Store the revisions durably, then name them: register and log."""
    revisions = [
        store.NewRevision(one.document.id, one.document.prefix, len(one.file.parts), "sealed", one.appended)
        for one in made
    ]
    rows = await store.keep(sealer.blobs, revisions)
    reached(Step.SEAL_STORED)
    await queries.insert_revisions(session, rows)
    updates, entries = [], []
    for document, file, appended in made:
        sealed = file.extended(appended)
        digest = sealed.digest()
        updates.append({"id": document.id, "state": "sealed", "sha256": digest, "size": sealed.size, "sealed_at": now})
        entries.append(transparency.Entry(Fact.DOCUMENT_SEALED, document.id, digest, now))
    await queries.update_documents(session, updates)
    await transparency.record(session, sealer.log, entries)
    about_to_commit(session, Step.SEALED, Step.SEALED_DURABLE)
    telemetry.SEALED.inc(len(made))


async def count_waiting(session: Session) -> int:
    """Return how many documents wait for their seal, those another process is at included."""
    return await queries.count_waiting_for_seal(session)


def _seal_all(sealer: Sealer, waiting: Sequence[Document], files: Sequence[Prefixed], now: datetime) -> list[_Sealed]:
    """Seal documents of our own form; re-opened before they count."""
    crls = sealer.authority.archive_crls(now)
    appended = seal_all(files, sealer.authority, sealer.settings, crls, now=now)
    for document, file, data in zip(waiting, files, appended, strict=True):
        check(file.extended(data), sealer.authority, name=str(document.id), digest=document.digest)
    return [_Sealed(*one) for one in zip(waiting, files, appended, strict=True)]


def _seal_each(sealer: Sealer, waiting: Sequence[Document], files: Sequence[Prefixed], now: datetime) -> list[_Sealed]:
    """Seal documents with signatures of other makers, each examined with all of them before it counts."""
    crls, made = sealer.authority.archive_crls(now), []
    for document, file in zip(waiting, files, strict=True):
        try:
            made.append(_sealed_elsewhere(sealer, document, file, crls, now))
        except AppendRefused as refused:
            document.seal_refused = refused.code
        except (DocumentDamaged, PdfFault):
            sealer.aside[document.id] = now + REST
            log.exception("seal.not_valid", document=str(document.id))
    return made


def _sealed_elsewhere(
    sealer: Sealer, document: Document, file: Prefixed, crls: Sequence[bytes], now: datetime
) -> _Sealed:
    name = str(document.id)
    if file.digest() != document.sha256:
        raise DocumentDamaged(document=name, reason="register.digest")
    open_end = other_makers.continued(file)
    (appended,) = seal_all([open_end], sealer.authority, sealer.settings, crls, now=now)
    people = ["signer", *(["countersigner"] if document.countersigned_at else [])]
    sealed = open_end.extended(appended)
    other_makers.check(sealed, sealer.authority, sealer.roots, [*people, "e_seal"], name=name, now=now)
    return _Sealed(document, open_end, appended)
