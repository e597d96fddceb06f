"""Examine what came back and keep it: document, register, log and obligation in one transaction, as in step 4 of docs/signing-cycle.md."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.core import telemetry
from app.core.db import Session
from app.core.resources import Resources
from app.document import elsewhere
from app.document import service as documents
from app.document.models import Document
from app.obligation import service as obligation
from app.signing import queries as ceremony_queries
from app.signing.covering import ActKind, give_up, list_items, signature_of
from app.signing.models import RemoteCall
from app.signing.providers.base import Made, Provider, Sheet, SignedFile
from app.signing.providers.finishing import Finished, Unfit, finish
from app.signing.remote import notes, queries
from app.signing.sessions import Ceremony
from app.signing.states import State
from app.transparency import service as transparency
from app.transparency.record import Fact


def returned_blob(call_id: UUID) -> str:
    """Where the bytes of a call's answer are put by."""
    return f"returned/{call_id}"


async def keep_batch(
    session: Session,
    held: Resources,
    provider: Provider,
    call_ids: Sequence[UUID],
    made: Sequence[Made],
    *,
    now: datetime,
) -> bool:
    """Keep what holds; what does not leaves its call `unknown` where somebody else may have signed, else `refused`.

    Returns whether all of it was kept.
    """
    calls = await queries.lock_calls(session, call_ids)
    whole = True
    for call, one in zip(calls, made, strict=True):
        try:
            await keep_one(session, held, provider, call, one, now=now)
        except Unfit as unfit:
            whole = False
            call.ended_at = now
            call.state = "unknown" if provider.traits.remote else "refused"
            call.reason = f"returned_{unfit.reason}" if provider.traits.remote else "provider.signature_unfit"
            call.reference = one.reference if isinstance(one, SignedFile) else ""
    await session.flush()
    return whole


async def keep_one(
    session: Session, held: Resources, provider: Provider, call: RemoteCall, made: Made, *, now: datetime
) -> None:
    """Lock a call's document, examine what came back for it and keep it: the person's signature or the official's. Raises `Unfit`."""
    document = await lock_document(session, call)
    if call.kind == ActKind.COUNTERSIGN:
        await notes.keep(session, held.get(Ceremony), call, document, made, now=now)
    else:
        finished = await examine(held, provider, document, made, now=now)
        await keep(session, held, call, document, finished, now=now)


async def lock_document(session: Session, call: RemoteCall) -> Document:
    """Lock a call's document as it now stands; participant before document, as everywhere."""
    (found,) = await documents.list_by_ids(session, [call.document_id])
    await obligation.lock(session, found.employee_id, [found.round_id])
    return await elsewhere.lock(session, call.document_id)


async def examine(held: Resources, provider: Provider, document: Document, made: Made, *, now: datetime) -> Finished:
    """Re-open the finished bytes: ours, signed, whole, and chained to a root we were told of. Raises `Unfit`."""
    ceremony = held.get(Ceremony)
    if document.prepared_tail is None:
        raise Unfit("document_gone")
    data = await elsewhere.prepared_bytes(ceremony.shelf, document)
    sheet = Sheet(document.id, "", data, document.digest)
    hole = (document.hole_start, document.hole_end) if document.hole_end else None
    # the time stamp in a CMS that is built here is our own authority's
    roots = provider.roots if hole is None else (*provider.roots, *ceremony.authority.roots)
    return await asyncio.to_thread(finish, made, sheet, hole, roots, now=now)


async def keep(
    session: Session, held: Resources, call: RemoteCall, document: Document, finished: Finished, *, now: datetime
) -> None:
    """Store the file, fulfil the obligation, write the log; the document is locked. `now` is our own receipt time."""
    ceremony, at = held.get(Ceremony), now.replace(microsecond=0)
    await elsewhere.keep(session, ceremony.shelf, ceremony.blobs, document, finished.data, at=at)
    await obligation.fulfil(
        session, document.employee_id, document.round_id, [(document.obligation_id, document.id)], at=at
    )
    entry = transparency.Entry(
        Fact.DOCUMENT_SIGNED, document.id, document.signed_sha256 or b"", at, document.employee_id
    )
    await transparency.record(session, ceremony.log, [entry])
    call.state, call.ended_at = "signed", now
    if finished.facts is not None:
        call.certificate, call.stamped_at = dict(finished.facts.subject), finished.facts.signed_at
    telemetry.SIGNED.inc()


async def settle(session: Session, act_id: UUID) -> None:
    """Set where the act stands by where its calls and documents stand; what was not sent is given up once one call's end is unclear."""
    signing = await ceremony_queries.find_session(session, act_id, lock=True)
    if signing is None or signing.state not in {State.SENDING, State.UNKNOWN}:
        return
    items = await list_items(session, signing)
    calls = await queries.list_calls(session, act_id)
    open_states = {call.state for call in calls} & {"sending", "unknown"}
    made = [signature_of(signing, item.document) for item in items]
    if all(made):
        signing.state = State.SIGNED
        signing.signed_at = max((one[1] for one in made if one), default=None)
        if signing.kind == ActKind.COUNTERSIGN:
            await ceremony_queries.drop_revisions(session, signing.id)
    elif "unknown" in open_states:
        signing.state = State.UNKNOWN
    elif not open_states:
        decided = any(call.state == "not_signed" for call in calls)
        signing.state = State.ABANDONED if decided or signing.state == State.UNKNOWN else State.PREPARED
        if signing.state == State.ABANDONED:
            await give_up(session, signing, items)
    await session.flush()
