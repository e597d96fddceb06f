"""Renew archive time stamps in batches (ETSI EN 319 142-1 clause 5.5): a further document time stamp over fresh validation data.

The register is the job's memory: a batch is one transaction and one blob, and what was renewed is younger than the moment
asked for, so it is not taken again. Killed anywhere, the next run goes on; a document is never renewed twice by one.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.db import Session
from app.core.faults import Step, about_to_commit, reached
from app.document import other_makers, store
from app.document import queries as document_queries
from app.document import service as documents
from app.document.errors import DocumentDamaged, StoreDamaged
from app.document.finishing import Prefixed, check
from app.document.models import Document
from app.document.retimestamping import queries
from app.document.sealing import Sealer
from app.pdf.ending import AppendRefused
from app.pdf.errors import PdfFault
from app.pdf.renewal import append_renewal
from app.pki.authority import Authority
from app.pki.errors import IssuerMissing
from app.pki.standing import Standing, standing_of_tsa, standing_then
from app.transparency import service as transparency
from app.transparency.record import Fact

BATCH = 200


@dataclass(frozen=True, slots=True)
class Renewed:
    """A batch: how many were renewed, which were not and why (document id -> reason), where to go on; `last` None: done."""

    count: int
    faults: dict[UUID, str]
    last: UUID | None


async def renew(
    session: Session, sealer: Sealer, *, before: datetime, after: UUID | None, now: datetime, most: int = BATCH
) -> Renewed:
    """Renew the next documents last stamped before `before`, in the order of their ids behind `after`.

    Each file is compared with the register and checked before and after. One that does not hold stays as it is and is told;
    it holds up no other.
    """
    due = await queries.take_due(session, min(before, now), after, most)
    if not due:
        return Renewed(0, {}, None)
    parts = await documents.parts_of(session, sealer.blobs, due)
    files = [(d, Prefixed(*await sealer.shelf.base(d.prefix), parts[d.id])) for d in due]
    standing = await asyncio.to_thread(standing_of_tsa, sealer.authority, now)
    made, faults = await asyncio.to_thread(_renew_all, files, sealer, standing, now)
    if made:
        await _keep(session, sealer, made, now)
    return Renewed(len(made), faults, due[-1].id)


async def count_due(session: Session, before: datetime) -> int:
    """Return how many sealed documents were last stamped before a moment."""
    return await queries.count_due(session, before)


_Made = tuple[Document, Prefixed, bytes]


async def _keep(session: Session, sealer: Sealer, made: Sequence[_Made], now: datetime) -> None:
    revisions = [
        store.NewRevision(document.id, document.prefix, len(file.parts), "renewed", added)
        for document, file, added in made
    ]
    rows = await store.keep(sealer.blobs, revisions)
    reached(Step.RENEWAL_STORED)
    await document_queries.insert_revisions(session, rows)
    earlier = [{"document": d.id, "of": len(file.parts) - 1, "digest": d.sha256} for d, file, _ in made]
    await queries.keep_digests(session, earlier)
    updates, entries = [], []
    for document, file, added in made:
        whole = file.extended(added)
        updates.append({"id": document.id, "sha256": whole.digest(), "size": whole.size, "renewed_at": now})
        entries.append(transparency.Entry(Fact.DOCUMENT_RENEWED, document.id, whole.digest(), now))
    await document_queries.update_documents(session, updates)
    await transparency.record(session, sealer.log, entries)
    about_to_commit(session, Step.RENEWED, Step.RENEWED_DURABLE)


def _renew_all(
    files: Sequence[tuple[Document, Prefixed]], sealer: Sealer, standing: Standing, now: datetime
) -> tuple[list[_Made], dict[UUID, str]]:
    made: list[_Made] = []
    faults: dict[UUID, str] = {}

    def renewed(document: Document, file: Prefixed) -> bytes | str:
        try:
            return _renewed(document, file, sealer, standing, now)
        except (DocumentDamaged, StoreDamaged) as damaged:
            return str(damaged.params.get("reason", damaged.code))
        except (PdfFault, IssuerMissing, AppendRefused) as fault:
            return str(fault)

    for (document, file), done in zip(files, _each(renewed, files, sealer.authority), strict=True):
        if isinstance(done, str):
            faults[document.id] = done
        else:
            made.append((document, file, done))
    return made, faults


def _each(
    renewed: Callable[[Document, Prefixed], bytes | str],
    files: Sequence[tuple[Document, Prefixed]],
    authority: Authority,
) -> list[bytes | str]:
    together = authority.archive_stamps.together
    if together == 1:
        return [renewed(document, file) for document, file in files]
    with ThreadPoolExecutor(together) as pool:  # they wait for a network
        return list(pool.map(lambda one: renewed(*one), files))


def _renewed(document: Document, file: Prefixed, sealer: Sealer, standing: Standing, now: datetime) -> bytes:
    """The bytes to append to one file, re-opened with them before they count."""
    if file.digest() != document.sha256:
        raise StoreDamaged(reason="register.digest")
    if other_makers.made_here(document):
        signed = _signed(document, file, sealer.authority)
        added = _appended(file, sealer.authority, standing, signed, now)
        check(file.extended(added), sealer.authority, name=str(document.id), digest=document.digest)
        return added
    people = ["signer", *(["countersigner"] if document.countersigned_at else [])]
    kinds, name = [*people, "e_seal"], str(document.id)
    other_makers.check(file, sealer.authority, sealer.roots, kinds, name=name, now=now)
    known = other_makers.continued(file)
    signed = other_makers.signed_here(file, sealer.authority)
    added = _appended(known, sealer.authority, standing, signed, now)
    other_makers.check(known.extended(added), sealer.authority, sealer.roots, kinds, name=name, now=now)
    return added


_Signed = Sequence[tuple[bytes, datetime]]
"""(certificate in DER, time) of signatures under issuing CAs of ours."""


def _signed(document: Document, file: Prefixed, authority: Authority) -> _Signed:
    facts = check(file, authority, name=str(document.id), digest=document.digest).signatures
    return [(one.certificate, one.signed_at) for one in facts if one.kind != "archive" and one.signed_at]


def _appended(file: Prefixed, authority: Authority, standing: Standing, signed: _Signed, now: datetime) -> bytes:
    stamper = authority.archive_stamps
    return append_renewal(
        file.file,
        file.prefix,
        sign=lambda digest: stamper.token(digest, now),
        certificates=standing.certificates,
        crls=standing.crls,
        responses=(*standing.responses, *standing_then(authority, signed)),
        room=stamper.room,
    )
