"""Check a PDF that anybody brings, or a document of the register by its code."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.errors import NotFound
from app.document import service as documents
from app.document.compiled import TemplateShelf
from app.document.models import Document
from app.merkle.proof import verify_inclusion
from app.pdf.inspect import Check, Inspection, inspect
from app.pki.authority import Authority
from app.pki.errors import PkiFault
from app.signing import evidence as signing
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity
from app.verification import queries
from app.verification.verdict import Registered, Report, Voided, judge, judge_scan


@dataclass(frozen=True)
class Verifier:
    """What verification trusts and where it looks things up."""

    authority: Authority
    shelf: TemplateShelf
    blobs: BlobStore
    log: LogIdentity
    other_roots: Sequence[bytes] = ()


async def verify_file(session: Session, verifier: Verifier, data: bytes, *, now: datetime) -> Report:
    """Return the verdict on a file; the file is not kept. Never raises on what the file holds."""
    inspection = await asyncio.to_thread(_inspect, verifier, data, now)
    if inspection.reason is not None:
        scan = await queries.find_by_file_digest(session, sha256(data).digest())
        if scan is None or scan.assurance != "wet_scan":
            return judge(inspection)
        return judge_scan(await _register_checks(session, verifier, sha256(data).digest(), now=now))
    return judge(inspection, await _register_checks(session, verifier, sha256(data).digest(), now=now))


def _inspect(verifier: Verifier, data: bytes, now: datetime) -> Inspection:
    """Examine a file with today's lists: until it is sealed, those inside it are as old as its round, or older than the CA."""
    authority = verifier.authority
    crls: tuple[bytes, ...] = ()
    with suppress(PkiFault):
        crls = authority.crls(now)
    return inspect(
        data,
        trust_roots=authority.roots,
        crls=crls,
        other_roots=verifier.other_roots,
        stamp_roots=authority.others.roots if authority.others else (),
        now=now,
    )


async def verify_code(
    session: Session, verifier: Verifier, code: str, *, now: datetime
) -> tuple[Document, Report] | None:
    """Return the document a QR code leads to, with the verdict on the bytes in the store; None for an unknown code."""
    document = await documents.find_by_code(session, code)
    if document is None:
        return None
    data = await documents.file_bytes(session, verifier.shelf, verifier.blobs, document)
    return document, await verify_file(session, verifier, data, now=now)


async def _register_checks(session: Session, verifier: Verifier, digest: bytes, *, now: datetime) -> Registered:
    """Whether the register knows exactly these bytes, still counts them, and the log holds the record of this very revision."""
    document = await queries.find_by_file_digest(session, digest)
    if document is None:
        return Registered(
            [
                Check("register.match", "failed", "Berkas ini tidak sama dengan berkas mana pun dalam daftar kami."),
                Check("log.inclusion", "not_checked", "Tidak ada catatan yang dapat dicari."),
            ]
        )
    voided = Voided(document.voided_at, document.void_ground or "other") if document.voided_at else None
    checks = [
        Check("register.match", "passed", "Berkas ini tercatat dalam daftar kami, byte demi byte."),
        await _log_check(session, verifier, document, digest, now=now),
    ]
    if voided:
        checks.append(Check("register.voided", "failed", "Dokumen ini sudah dibatalkan."))
    proofs = await signing.proofs_of(session, document.id)
    return Registered(checks, voided, proofs, document.assurance, document.seal_refused)


async def _log_check(
    session: Session, verifier: Verifier, document: Document, digest: bytes, *, now: datetime
) -> Check:
    kind = await _fact_of(session, document, digest)
    try:
        proof = await transparency.prove(session, verifier.log, kind, document.id, now=now, digest=digest)
    except NotFound:
        return Check("log.inclusion", "failed", "Log transparansi tidak memuat catatan tentang berkas ini.")
    included = verify_inclusion(proof.leaf_hash, proof.index, proof.size, proof.hashes, proof.root)
    told = f"Catatan nomor {proof.index} dari {proof.size} dalam log transparansi."
    return Check("log.inclusion", "passed" if included else "failed", told)


async def _fact_of(session: Session, document: Document, digest: bytes) -> Fact:
    """Which fact the log holds of the revision with this digest."""
    if document.assurance == "wet_scan":
        return Fact.SCAN_ACCEPTED
    if digest == document.signed_sha256:
        return Fact.DOCUMENT_SIGNED
    if digest == document.countersigned_sha256:
        return Fact.DOCUMENT_COUNTERSIGNED
    if document.renewed_at is None:
        return Fact.DOCUMENT_SEALED
    newest = digest == document.sha256
    renewed = newest or await queries.find_kind_of_earlier(session, document.id, digest) == "renewed"
    return Fact.DOCUMENT_RENEWED if renewed else Fact.DOCUMENT_SEALED
