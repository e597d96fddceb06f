"""An official's note through a provider: opened here, sent and kept by the same steps as a person's own signature.

A provider of digests fills the official's field, as a device does. A service that takes files signs the file as it is, in a field of
its own: the official's field stays empty, and the name stands in the text.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.core.clock import local_day
from app.core.db import Session
from app.core.principal import Principal
from app.countersigner import service as countersigner
from app.countersigner.service import Terms
from app.document import service as documents
from app.document.countersigning import service as noting
from app.document.countersigning.service import Countersigned, NoteWay
from app.document.errors import DocumentDamaged, NotForThisRound
from app.document.models import Document
from app.identity.recovery import service as recovery
from app.pdf.returned import ReturnedRefused, require_update
from app.signing import countersigning
from app.signing import queries as ceremony_queries
from app.signing.covering import ActKind, make_way, new_session
from app.signing.errors import DocumentChanged
from app.signing.models import Countersignature, RemoteCall, SigningSession
from app.signing.providers.base import Cms, Made, Sheet, SignedFile, Takes, Traits
from app.signing.providers.finishing import Unfit
from app.signing.providers.registry import Providers
from app.signing.remote import queries
from app.signing.remote.errors import SignedByCeremony
from app.signing.remote.schemas import RemoteNoteCreate
from app.signing.remote.settled import require_settled_notes
from app.signing.sessions import Ceremony
from app.signing.states import State
from app.transparency import service as transparency
from app.transparency.record import Fact


async def open_note(
    session: Session,
    ceremony: Ceremony,
    providers: Providers,
    actor: Principal,
    wanted: RemoteNoteCreate,
    *,
    now: datetime,
) -> SigningSession:
    """Prepare the caller's note on pledges that wait for it; the same asked again gives the same act while it lives.

    Raises `NotFound` unless every one of them waits for this very person, `ProviderOff`, `SignedByCeremony`, `ActSending`, `OutcomeOpen`.
    """
    employee_id = actor.require_employee()
    await recovery.require_may_sign(session, employee_id, now=now)
    way = _way(providers.get(wanted.provider).traits)
    ids = list(dict.fromkeys(wanted.document_ids))
    if found := await _same(session, employee_id, wanted.provider, ids, now):
        return found
    await require_settled_notes(session, ids)
    await make_way(session, employee_id)
    today = local_day(now, ceremony.timezone)
    notes = await noting.prepare(session, ceremony.shelf, ceremony.blobs, employee_id, ids, way, today=today, now=now)
    signing = new_session(employee_id, ActKind.COUNTERSIGN, wanted.provider, now)
    await countersigning.cover(session, signing, notes)
    return signing


async def _same(
    session: Session, employee_id: UUID, provider: str, ids: Sequence[UUID], now: datetime
) -> SigningSession | None:
    """The newest act about exactly these documents, unless it is over and may be begun anew."""
    found = await queries.find_newest(session, employee_id, provider, ActKind.COUNTERSIGN)
    if found is None or found.state in {State.ABANDONED, State.DECLINED}:
        return None
    if await queries.list_noted(session, found.id) != list(ids):
        return None
    return None if found.state == State.PREPARED and found.expires_at <= now else found


def _way(traits: Traits) -> NoteWay:
    if traits.own_ceremony:
        raise SignedByCeremony(provider=traits.name)
    if traits.takes is Takes.SCAN:
        raise NotForThisRound(reason="scan")
    return NoteWay(traits.name, traits.room if traits.takes is Takes.DIGEST else 0)


async def sheet(session: Session, ceremony: Ceremony, document: Document, note: Countersignature) -> Sheet:
    """What leaves for a note: the digest of the revision that waits, or the file as it is. Raises `DocumentChanged`."""
    title = await documents.title(session, ceremony.shelf, document)
    data = await documents.file_bytes(session, ceremony.shelf, ceremony.blobs, document)
    if note.revision is None or len(data) != note.start:
        raise DocumentChanged
    return Sheet(document.id, title, data + note.revision, note.digest)


async def keep(
    session: Session, ceremony: Ceremony, call: RemoteCall, document: Document, made: Made, *, now: datetime
) -> None:
    """Examine what came back, append it, write register and log; the document is locked. Raises `Unfit`.

    However late it comes, it is judged at its own time: the official had the mandate when the call was sent, and at the time in the
    signature's time stamp. What became of the mandate since changes nothing.
    """
    signing = await ceremony_queries.find_session(session, call.session_id, lock=False)
    assert signing is not None
    note = next(
        (n for n, d in await ceremony_queries.list_countersignatures(session, signing.id) if d is document), None
    )
    at = now.replace(microsecond=0)
    if note is None or note.revision is None or not await noting.lock_named(session, signing.employee_id, document):
        raise Unfit("document_gone")
    terms = await _terms(session, ceremony, signing.employee_id, document)
    if not terms(call.sent_at):
        raise Unfit(noting.MANDATE_OVER)
    before = await documents.file_bytes(session, ceremony.shelf, ceremony.blobs, document)
    noted = _noted(document, note, made, before, call.provider)
    noted = replace(noted, terms=lambda stamped: terms(max(stamped, call.sent_at)))  # clocks elsewhere may be behind
    try:
        (official,) = await noting.keep(
            session, ceremony.shelf, ceremony.blobs, ceremony.authority, [noted], roots=ceremony.roots, at=at
        )
    except DocumentDamaged as damaged:
        raise Unfit(str(damaged.params["reason"])) from damaged
    entry = transparency.Entry(
        Fact.DOCUMENT_COUNTERSIGNED, document.id, document.countersigned_sha256 or b"", at, signing.employee_id
    )
    await transparency.record(session, ceremony.log, [entry])
    call.state, call.ended_at = "signed", now
    if official is not None:
        call.certificate, call.stamped_at = {"common_name": official.name}, official.signed_at


async def _terms(session: Session, ceremony: Ceremony, employee_id: UUID, document: Document) -> Terms:
    assert document.countersign_agency_id is not None
    return await countersigner.terms_of(
        session, employee_id, document.round_id, document.countersign_agency_id, timezone=ceremony.timezone
    )


def _noted(document: Document, note: Countersignature, made: Made, before: bytes, provider: str) -> Countersigned:
    hole, revision = (note.hole_start, note.hole_end), note.revision or b""
    if isinstance(made, Cms):
        return Countersigned(document, revision, note.start, hole, note.digest, made.der, provider)
    if not isinstance(made, SignedFile):
        raise Unfit("no_signature")
    try:
        require_update(made.data, before)
    except ReturnedRefused as refused:
        raise Unfit(refused.code) from refused
    return Countersigned(document, made.data[len(before) :], note.start, (0, 0), note.digest, b"", provider)
