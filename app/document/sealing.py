"""From signed to sealed: the institution's e-seal, then the archive time stamp (PAdES B-LTA), in batches.

The register itself is the queue: whatever is `signed` waits. A worker that dies gives its rows back with its transaction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core import telemetry
from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.settings import ServiceSettings
from app.document import queries, store
from app.document import service as documents
from app.document.compiled import TemplateShelf
from app.document.errors import DocumentDamaged
from app.document.models import Document
from app.pdf.reopen import ReopenRefused, reopen
from app.pdf.revision import FileParts, RevisionBase, append_archive, append_e_seal
from app.pki.authority import Authority
from app.pledge.service import ZONES
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
    bases = {d.prefix: await sealer.shelf.base(d.prefix) for d in waiting}
    files = [(bases[d.prefix][0], FileParts(bases[d.prefix][1], parts[d.id])) for d in waiting]
    sealed = await asyncio.to_thread(_seal_all, sealer, files, now)
    revisions = [
        store.NewRevision(document.id, document.prefix, len(file.parts), appended)
        for document, (_, file), appended in zip(waiting, files, sealed, strict=True)
    ]
    rows = await store.keep(sealer.blobs, "sealed", revisions)
    await queries.insert_revisions(session, rows)
    await _register(session, sealer, waiting, files, sealed, now)
    telemetry.SEALED.inc(len(waiting))
    return len(waiting)


def _seal_all(sealer: Sealer, files: Sequence[tuple[bytes, FileParts]], now: datetime) -> list[bytes]:
    crls = sealer.authority.archive_crls(now)
    return [_seal(sealer, prefix, file, crls, now) for prefix, file in files]


def _seal(sealer: Sealer, prefix: bytes, file: FileParts, crls: Sequence[bytes], now: datetime) -> bytes:
    """Return the bytes appended to one file: e-seal revision, archive revision. Re-opened before they count."""
    authority, settings = sealer.authority, sealer.settings
    e_seal = append_e_seal(
        file,
        institution=settings.institution,
        place=settings.place,
        at=now,
        zone=ZONES[settings.timezone],
        sign=lambda digest: authority.e_seal_sign(digest, now),
    )
    sealed = FileParts(file.base, (*file.parts, e_seal))
    archive = append_archive(sealed, sign=lambda digest: authority.tsa.token(digest, now), crls=crls)
    try:
        reopen(
            (prefix, *file.parts, e_seal, archive),
            expected_digest=None,
            spki=None,
            issuing=authority.issuing,
            tsa=authority.tsa.certificate,
            e_seal=authority.e_seal_certificate,
        )
    except ReopenRefused as refused:
        raise DocumentDamaged(reason=refused.code) from refused
    return e_seal + archive


async def _register(
    session: Session,
    sealer: Sealer,
    waiting: Sequence[Document],
    files: Sequence[tuple[bytes, FileParts]],
    sealed: Sequence[bytes],
    now: datetime,
) -> None:
    updates, entries = [], []
    for document, (_, file), appended in zip(waiting, files, sealed, strict=True):
        digest = _digest(file.base, (*file.parts, appended))
        updates.append(_sealed_row(document.id, digest, file.length + len(appended), now))
        entries.append(transparency.Entry(Fact.DOCUMENT_SEALED, document.id, digest, now))
    await queries.update_documents(session, updates)
    await transparency.record(session, sealer.log, entries)


def _sealed_row(document_id: UUID, digest: bytes, size: int, now: datetime) -> dict[str, object]:
    return {"id": document_id, "state": "sealed", "sha256": digest, "size": size, "sealed_at": now}


def _digest(base: RevisionBase, parts: Sequence[bytes]) -> bytes:
    state = base.state.copy()
    for part in parts:
        state.update(part)
    return state.digest()
