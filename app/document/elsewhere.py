"""Documents that are signed elsewhere than on the signer's device: prepared in the layout of that way, kept as they come back.

They carry a signature of another maker, so they take no part in the fast path: no countersignature and no e-seal is appended to them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.ids import new_code, new_id
from app.document import queries, store
from app.document.compiled import RoundText, TemplateShelf
from app.document.errors import NotForThisRound, NotPrintable
from app.document.models import Document
from app.document.service import person_values
from app.obligation.models import Obligation, Participant
from app.pdf.errors import PdfFault
from app.pdf.inputs import Signing

NO_PREFIX = ""
"""The prefix of a file that no template of ours begins: a scan."""


@dataclass(frozen=True)
class Way:
    """How documents are signed elsewhere: by whom, with what assurance, under which foot, and with how much room in the hole.

    `room` 0: the file goes out without a hole.
    """

    provider: str
    assurance: str
    foot: Signing
    room: int


async def prepare(
    session: Session,
    shelf: TemplateShelf,
    participants: dict[UUID, Participant],
    obligations: Sequence[Obligation],
    way: Way,
    *,
    now: datetime,
) -> list[Document]:
    """Print one document for each obligation and store its bytes and digest; `participants` is by round id.

    Raises `NotForThisRound` where an official takes note on the device or the template lacks the foot; `NotPrintable`.
    """
    prepared = []
    for owed in obligations:
        text = await shelf.elsewhere(session, owed.round_id, owed.pledge, way.foot, way.room)
        person = participants[owed.round_id]
        if text.inputs.countersign:
            raise NotForThisRound(reason="countersigned")
        if not text.inputs.source.footers[way.foot]:
            raise NotForThisRound(reason="foot")
        prepared.append(await _print(shelf, text, owed, person, way, now))
    session.add_all(prepared)
    await session.flush()
    return prepared


async def _print(
    shelf: TemplateShelf, text: RoundText, owed: Obligation, person: Participant, way: Way, now: datetime
) -> Document:
    code, values = new_code(), person_values(person)
    hole, digest = (0, 0), b""
    try:
        if way.room:
            made = text.template.prepare(values, code=code, prepared_at=now)
            tail, variant, hole, digest = made.tail, text.template.variants[made.variant], made.hole, made.digest
        else:
            plain = text.template.unsigned(values, code=code, prepared_at=now)
            tail, variant = plain.tail, text.template.variants[plain.variant]
            digest = sha256(variant.prefix + tail).digest()
    except PdfFault as fault:
        raise NotPrintable(reason=str(fault), name=person.name) from fault
    await shelf.hold(variant)
    return Document(
        id=new_id(),
        code=code,
        obligation_id=owed.id,
        round_id=owed.round_id,
        employee_id=owed.employee_id,
        agency_id=person.agency_id,
        pledge=owed.pledge,
        prefix=variant.prefix_sha256,
        state="prepared",
        prepared_at=now,
        hole_start=hole[0],
        hole_end=hole[1],
        digest=digest,
        prepared_tail=tail,
        assurance=way.assurance,
        provider=way.provider,
    )


async def prepared_bytes(shelf: TemplateShelf, document: Document) -> bytes:
    """The whole file as it was prepared and read."""
    prefix, _ = await shelf.base(document.prefix)
    return prefix + (document.prepared_tail or b"")


async def lock(session: Session, document_id: UUID) -> Document:
    """Return a document that is known to exist as it now stands, locked."""
    return await queries.lock_by_id(session, document_id)


async def keep(
    session: Session, shelf: TemplateShelf, blobs: BlobStore, document: Document, data: bytes, *, at: datetime
) -> None:
    """Store a finished and examined file durably, then name it: bytes first, then the row, as in `service.keep_signed`."""
    prefix, _ = await shelf.base(document.prefix)
    revision = store.NewRevision(document.id, document.prefix, 0, "signed", data[len(prefix) :])
    rows = await store.keep(blobs, [revision])
    document.state, document.prepared_tail, document.signed_at = "signed", None, at
    document.sha256 = document.signed_sha256 = await asyncio.to_thread(_digest, data)
    document.size = len(data)
    await session.flush()
    await queries.insert_revisions(session, rows)


async def keep_scan(
    session: Session,
    blobs: BlobStore,
    owed: Obligation,
    person: Participant,
    data: bytes,
    *,
    now: datetime,
) -> Document:
    """Make the document of an accepted scan: its file is the scan, and nothing about it is a signature of ours."""
    document = Document(
        id=new_id(),
        code=new_code(),
        obligation_id=owed.id,
        round_id=owed.round_id,
        employee_id=owed.employee_id,
        agency_id=person.agency_id,
        pledge=owed.pledge,
        prefix=NO_PREFIX,
        state="signed",
        prepared_at=now,
        hole_start=0,
        hole_end=0,
        digest=_digest(data),
        sha256=_digest(data),
        signed_sha256=_digest(data),
        size=len(data),
        signed_at=now,
        assurance="wet_scan",
        provider="wet_scan",
    )
    session.add(document)
    await session.flush()
    blob = f"scan/{document.id}"
    await blobs.put(blob, data)
    await queries.insert_revisions(session, [store.PlacedRevision(document.id, 0, "scanned", blob, 0, len(data))])
    return document


def _digest(data: bytes) -> bytes:
    return sha256(data).digest()
