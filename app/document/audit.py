"""Re-verify finished documents from the bytes in the store, independently of what wrote them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from app.core.blobs import BlobStore
from app.core.db import Session
from app.document import queries
from app.document import service as documents
from app.document.compiled import TemplateShelf
from app.document.models import Document
from app.pdf.reopen import ReopenRefused, reopen
from app.pki.authority import Authority

BATCH = 500


@dataclass(frozen=True, slots=True)
class Audited:
    """A batch: how many verified, what did not (document id -> reason), and where to go on."""

    verified: int
    faults: dict[UUID, str]
    last: UUID | None


async def audit_sealed(
    session: Session,
    shelf: TemplateShelf,
    blobs: BlobStore,
    authority: Authority,
    round_id: UUID,
    after: UUID | None,
    *,
    state: str = "sealed",
    timed: bool = True,
) -> Audited:
    """Check the next sealed documents of a round (or those in another `state`): file digest against the register, ranges, signatures, chain, time stamps."""
    found = await queries.list_in_state(session, round_id, state, after, BATCH)
    if not found:
        return Audited(0, {}, None)
    parts = await documents.parts_of(session, blobs, found)
    prefixes = {d.prefix: (await shelf.base(d.prefix))[0] for d in found}
    files = [(d, (prefixes[d.prefix], *parts[d.id])) for d in found]
    faults = await asyncio.to_thread(_faults, files, authority, timed=timed)
    return Audited(len(found) - len(faults), faults, found[-1].id)


def _faults(
    files: Sequence[tuple[Document, tuple[bytes, ...]]], authority: Authority, *, timed: bool
) -> dict[UUID, str]:
    states = {id(prefix): sha256(prefix) for _, (prefix, *_) in files}  # the files share a few prefixes
    faults = {}
    for document, parts in files:
        whole = states[id(parts[0])].copy()
        for part in parts[1:]:
            whole.update(part)
        if whole.digest() != document.sha256:
            faults[document.id] = "register.digest"
            continue
        try:
            reopened = reopen(
                parts,
                expected_digest=document.digest,
                spki=None,
                own=authority.own_certificates,
                others=authority.check_other_token,
                timed=timed,
            )
        except ReopenRefused as refused:
            faults[document.id] = refused.code
            continue
        kinds = [s.kind for s in reopened.signatures]
        while document.renewed_at and kinds[-2:] == ["archive", "archive"]:
            kinds.pop()
        if kinds != _signatures(document):
            faults[document.id] = "signatures.kinds"
    return faults


def _signatures(document: Document) -> list[str]:
    """What the register says was signed, in order."""
    noted = ["countersigner"] if document.countersigned_at else []
    return ["signer", *noted, *(["e_seal", "archive"] if document.sealed_at else [])]
