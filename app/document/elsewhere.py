"""Documents that are signed elsewhere than on the signer's device: prepared in the layout of that way, kept as they come back.

They carry a signature of another maker, so they take no part in the fast path: note, e-seal and archive time stamp are appended as
`other_makers` says, where the signature allows that anything follows.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.ids import new_code, new_id
from app.countersigner import service as countersigner
from app.countersigner.service import Noting
from app.document import queries, store
from app.document.compiled import RoundText, TemplateShelf
from app.document.errors import NotForThisRound, NotPrintable
from app.document.models import Document
from app.document.other_makers import why_closed
from app.obligation.models import Obligation, Participant
from app.pdf.compiler import CompiledTemplate
from app.pdf.errors import PdfFault
from app.pdf.inputs import Signing
from app.pdf.person import PersonValues
from app.pdf.tail import Variant

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
    today: date,
    now: datetime,
) -> list[Document]:
    """Print one document for each obligation and store its bytes and digest; `participants` is by round id.

    In a countersigned round it names who takes note today, as in `service.prepare`. Raises `NotForThisRound` where the template lacks
    the foot; `NotPrintable`.
    """
    prepared = []
    for owed in obligations:
        person, noting = participants[owed.round_id], None
        if (await shelf.text(session, owed.round_id, owed.pledge)).inputs.countersign:
            noting = await countersigner.note_for(
                session, owed.round_id, person.agency_id, owed.employee_id, today=today
            )
        text = await shelf.elsewhere(session, owed.round_id, owed.pledge, way.foot, way.room, noted=noting is not None)
        if not text.inputs.source.footers[way.foot]:
            raise NotForThisRound(reason="foot")
        prepared.append(await _print(shelf, text, owed, person, way, noting, now))
    session.add_all(prepared)
    await session.flush()
    return prepared


async def _print(
    shelf: TemplateShelf,
    text: RoundText,
    owed: Obligation,
    person: Participant,
    way: Way,
    noting: Noting | None,
    now: datetime,
) -> Document:
    code = new_code()
    try:
        values = PersonValues(**person.printed, countersigner=noting.official if noting else None)
        page = _laid_out(text.template, values, code, now, hole=way.room > 0)
    except PdfFault as fault:
        raise NotPrintable(reason=str(fault), name=person.name) from fault
    variant = page.variant
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
        hole_start=page.hole[0],
        hole_end=page.hole[1],
        digest=page.digest,
        prepared_tail=page.tail,
        assurance=way.assurance,
        provider=way.provider,
        countersign_agency_id=noting.agency_id if noting else None,
        countersigner_id=noting.countersigner_id if noting else None,
    )


class _Page(NamedTuple):
    tail: bytes
    variant: Variant
    hole: tuple[int, int]
    digest: bytes


def _laid_out(template: CompiledTemplate, values: PersonValues, code: str, now: datetime, *, hole: bool) -> _Page:
    """The page with a hole and what a signature in it covers, or without one and the digest of the whole file."""
    if hole:
        made = template.prepare(values, code=code, prepared_at=now)
        return _Page(made.tail, template.variants[made.variant], made.hole, made.digest)
    plain = template.unsigned(values, code=code, prepared_at=now)
    variant = template.variants[plain.variant]
    return _Page(plain.tail, variant, (0, 0), _digest(variant.prefix + plain.tail))


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
    """Store a finished and examined file durably, then name it: bytes first, then the row, as in `service.keep_signed`.

    Where its signature forbids that anything follows, the row says so from now on.
    """
    prefix, _ = await shelf.base(document.prefix)
    revision = store.NewRevision(document.id, document.prefix, 0, "signed", data[len(prefix) :])
    rows = await store.keep(blobs, [revision])
    document.state, document.prepared_tail, document.signed_at = "signed", None, at
    document.sha256 = document.signed_sha256 = await asyncio.to_thread(_digest, data)
    document.size = len(data)
    document.seal_refused = await asyncio.to_thread(why_closed, data)
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
