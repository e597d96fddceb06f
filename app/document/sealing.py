"""From signed to sealed: the institution's e-seal, then the archive time stamp (PAdES B-LTA), in batches.

The register itself is the queue: whatever is `signed` waits. A worker that dies gives its rows back with its transaction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core import telemetry
from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.faults import Step, about_to_commit, reached
from app.core.settings import ServiceSettings
from app.document import queries, store
from app.document import service as documents
from app.document.compiled import TemplateShelf
from app.document.finishing import Prefixed, check, seal_all
from app.document.models import Document
from app.pki.authority import Authority
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

BATCH = 200


@dataclass(frozen=True)
class Sealer:
    """What sealing needs: whose seal, under which keys, into which store."""

    settings: ServiceSettings
    authority: Authority
    shelf: TemplateShelf
    blobs: BlobStore
    log: LogIdentity


async def seal_waiting(session: Session, sealer: Sealer, *, now: datetime) -> int:
    """Seal up to `BATCH` signed documents in one transaction and one blob; return how many."""
    waiting = await queries.take_waiting_for_seal(session, BATCH)
    if not waiting:
        return 0
    parts = await documents.parts_of(session, sealer.blobs, waiting)
    files = [Prefixed(*await sealer.shelf.base(d.prefix), parts[d.id]) for d in waiting]
    appended = await asyncio.to_thread(_seal_all, sealer, waiting, files, now)
    revisions = [
        store.NewRevision(document.id, document.prefix, len(file.parts), "sealed", data)
        for document, file, data in zip(waiting, files, appended, strict=True)
    ]
    rows = await store.keep(sealer.blobs, revisions)
    reached(Step.SEAL_STORED)
    await queries.insert_revisions(session, rows)
    updates, entries = [], []
    for document, file, data in zip(waiting, files, appended, strict=True):
        sealed = file.extended(data)
        digest = sealed.digest()
        updates.append({"id": document.id, "state": "sealed", "sha256": digest, "size": sealed.size, "sealed_at": now})
        entries.append(transparency.Entry(Fact.DOCUMENT_SEALED, document.id, digest, now))
    await queries.update_documents(session, updates)
    await transparency.record(session, sealer.log, entries)
    about_to_commit(session, Step.SEALED, Step.SEALED_DURABLE)
    telemetry.SEALED.inc(len(waiting))
    return len(waiting)


async def count_waiting(session: Session) -> int:
    """Return how many documents wait for their seal, those another process is at included."""
    return await queries.count_waiting_for_seal(session)


def _seal_all(sealer: Sealer, waiting: Sequence[Document], files: Sequence[Prefixed], now: datetime) -> list[bytes]:
    """Return what is appended to each file: e-seal revision, archive revision. Re-opened before they count."""
    crls = sealer.authority.archive_crls(now)
    appended = seal_all(files, sealer.authority, sealer.settings, crls, now=now)
    for document, file, data in zip(waiting, files, appended, strict=True):
        check(file.extended(data), sealer.authority, name=str(document.id), digest=document.digest)
    return appended
