"""One act of countersigning: an official takes note of many pledges under one authentication, with one device key."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.core.clock import local_day
from app.core.db import Session
from app.core.principal import Principal
from app.document.countersigning import service as noting
from app.document.countersigning.service import Countersigned, Note
from app.document.countersigning.waiting import Waiting
from app.document.models import Document
from app.signing import queries
from app.signing.covering import ActKind, Item, give_way, list_items, new_session
from app.signing.errors import DocumentChanged
from app.signing.models import Countersignature, SigningSession
from app.signing.remote.settled import require_settled_notes
from app.signing.sessions import DEVICE, Act, Ceremony, load
from app.transparency import service as transparency
from app.transparency.record import Fact


async def open_session(
    session: Session, ceremony: Ceremony, actor: Principal, document_ids: Sequence[UUID], *, now: datetime
) -> Act:
    """Prepare the caller's note on documents that wait for it; a live session for the same ones is given again.

    Raises `NotFound` unless every one of them waits for this very person.
    """
    employee_id = actor.require_employee()
    ids, today = list(dict.fromkeys(document_ids)), local_day(now, ceremony.timezone)
    await require_settled_notes(session, ids)
    if live := await queries.find_live(session, employee_id):
        items = await list_items(session, live)
        by_device = live.kind == ActKind.COUNTERSIGN and live.provider == DEVICE
        same = by_device and live.expires_at > now and [item.id for item in items] == ids
        if same and await noting.lock_unchanged(session, employee_id, ids, today=today) == set(ids):
            return await load(session, live)
        await give_way(session, live, items)
    notes = await noting.prepare(session, ceremony.shelf, ceremony.blobs, employee_id, ids, today=today, now=now)
    signing = new_session(employee_id, ActKind.COUNTERSIGN, DEVICE, now)
    await cover(session, signing, notes)
    return await load(session, signing)


async def cover(session: Session, signing: SigningSession, notes: Sequence[Note]) -> None:
    """Write an act of countersigning with the revisions it is to sign."""
    session.add(signing)
    await session.flush()
    session.add_all(_row(signing, place, note) for place, note in enumerate(notes))
    await session.flush()


def _row(signing: SigningSession, place: int, note: Note) -> Countersignature:
    return Countersignature(
        session_id=signing.id,
        place=place,
        document_id=note.document.id,
        countersigner_id=note.countersigner.id,
        revision=note.prepared.revision,
        start=note.prepared.start,
        hole_start=note.prepared.hole[0],
        hole_end=note.prepared.hole[1],
        digest=note.prepared.digest,
    )


async def list_waiting(
    session: Session,
    ceremony: Ceremony,
    actor: Principal,
    *,
    left_out: bool | None,
    after: UUID | None,
    limit: int,
    now: datetime,
) -> list[Waiting]:
    """Return the pledges that wait for the caller's note, oldest first."""
    today = local_day(now, ceremony.timezone)
    return await noting.list_waiting(
        session, actor.require_employee(), today=today, left_out=left_out, after=after, limit=limit
    )


async def get_waiting(
    session: Session, ceremony: Ceremony, actor: Principal, ids: Sequence[UUID], *, now: datetime
) -> list[Waiting]:
    """Return, oldest first, what of the given documents waits for the caller's note; raises `NotFound` unless all of it does."""
    today = local_day(now, ceremony.timezone)
    return await noting.get_waiting(session, actor.require_employee(), ids, today=today)


async def leave_out(
    session: Session, ceremony: Ceremony, actor: Principal, ids: Sequence[UUID], reason: str, *, now: datetime
) -> int:
    """Leave pledges out with a reason: they wait on, and the administration sees why. Signing one later takes that back."""
    today = local_day(now, ceremony.timezone)
    return await noting.leave_out(session, actor.require_employee(), ids, reason, today=today, now=now)


async def require_unchanged(
    session: Session, ceremony: Ceremony, signing: SigningSession, items: Sequence[Item], *, now: datetime
) -> None:
    """Lock the documents of an act; raises `DocumentChanged` if one of them waits no longer for this person."""
    today = local_day(now, ceremony.timezone)
    waiting = await noting.lock_unchanged(session, signing.employee_id, [item.id for item in items], today=today)
    if waiting != {item.id for item in items}:
        raise DocumentChanged


async def keep(
    session: Session,
    ceremony: Ceremony,
    signing: SigningSession,
    signed: Sequence[tuple[Item, bytes]],
    *,
    at: datetime,
) -> list[Document]:
    """Take (item, CMS) pairs in: revisions, register, log; the documents are locked (`require_unchanged`)."""
    noted = [
        Countersigned(
            item.document,
            item.note.revision,
            item.note.start,
            (item.note.hole_start, item.note.hole_end),
            item.digest,
            cms,
        )
        for item, cms in signed
        if item.note is not None and item.note.revision is not None
    ]
    if len(noted) != len(signed):
        raise DocumentChanged
    await noting.keep(session, ceremony.shelf, ceremony.blobs, ceremony.authority, noted, roots=ceremony.roots, at=at)
    entries = [
        transparency.Entry(
            Fact.DOCUMENT_COUNTERSIGNED, n.document.id, n.document.countersigned_sha256 or b"", at, signing.employee_id
        )
        for n in noted
    ]
    await transparency.record(session, ceremony.log, entries)
    await session.flush()
    await queries.drop_revisions(session, signing.id)
    return [n.document for n in noted]
