"""Send what a person gave their go for: each call between two transactions, and none held open while it lasts.

Order of each batch: the intent is committed; the call is made; what came back is stored durably under the call's name; the result is
examined and kept in a transaction of its own. Whatever ends in between leaves a call `sending`, which becomes `unknown` and is never
sent again by itself. The secrets live in the arguments of `send_all` and nowhere else.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from pydantic import SecretStr

from app.asn import service as asn
from app.asn.nik import service as niks
from app.asn.nik.sealing import SealBroken
from app.core.clock import Clock
from app.core.db import Database, Session
from app.core.errors import AppError
from app.core.ids import new_id
from app.core.resources import Resources
from app.core.settings import Settings
from app.countersigner.models import Countersigner
from app.document import elsewhere
from app.document import service as documents
from app.obligation.models import Participant
from app.signing import countersigning
from app.signing import queries as ceremony_queries
from app.signing.covering import ActKind, Item, awaits, list_items
from app.signing.errors import DocumentChanged
from app.signing.models import RemoteCall, SigningSession
from app.signing.providers.base import Cms, Given, Made, Provider, Sheet, SignedFile, Signer
from app.signing.providers.errors import OutcomeUnknown
from app.signing.providers.registry import Providers
from app.signing.remote import keeping, notes, queries
from app.signing.sessions import Ceremony, office_of
from app.signing.states import SESSION_LIFE, State

log = structlog.get_logger()


@dataclass(frozen=True)
class Batch:
    """What one call takes: who signs, the sheets, and the rows that say it is made."""

    signer: Signer
    sheets: tuple[Sheet, ...]
    calls: tuple[UUID, ...]


async def send_all(held: Resources, act_id: UUID, given: Given) -> None:
    """Make the calls of an act one after the other, until all is signed or one of them is not."""
    provider = await _provider(held, act_id)
    if provider is None:
        return
    while batch := await _intend(held, act_id, provider):
        if not await _send(held, act_id, provider, batch, given):
            return
    async with held.get(Database).transaction() as session:
        await keeping.settle(session, act_id)


async def _provider(held: Resources, act_id: UUID) -> Provider | None:
    async with held.get(Database).transaction() as session:
        signing = await ceremony_queries.find_session(session, act_id, lock=False)
        return held.get(Providers).on.get(signing.provider) if signing else None


async def _intend(held: Resources, act_id: UUID, provider: Provider) -> Batch | None:
    """Write down that the next documents are sent, then return them; committed before a byte leaves. None when there are no more."""
    ceremony, clock = held.get(Ceremony), held.get(Clock)  # type: ignore[type-abstract]
    async with held.get(Database).transaction() as session:
        signing = await ceremony_queries.find_session(session, act_id, lock=True)
        if signing is None or signing.state != State.SENDING:
            return None
        items = await list_items(session, signing)
        waiting = [item for item in items if awaits(signing, item.document)][: provider.traits.most]
        if not waiting or not await _may_still(session, ceremony, signing, waiting, clock.now()):
            return None
        signer = await signer_in(session, held.get(Settings), signing, waiting, provider)
        sheets = [await _sheet(session, ceremony, item) for item in waiting]
        signing.expires_at = clock.now() + SESSION_LIFE  # many documents may take longer than one act's life
        calls = [_call(signing, item.id, clock) for item in waiting]
        session.add_all(calls)
        return Batch(signer, tuple(sheets), tuple(call.id for call in calls))


async def _may_still(
    session: Session, ceremony: Ceremony, signing: SigningSession, items: Sequence[Item], now: datetime
) -> bool:
    """Whether an official still has the mandate under which the act began."""
    if signing.kind != ActKind.COUNTERSIGN:
        return True
    try:
        await countersigning.require_unchanged(session, ceremony, signing, items, now=now)
    except DocumentChanged:
        return False
    return True


def _call(signing: SigningSession, document_id: UUID, clock: Clock) -> RemoteCall:
    return RemoteCall(
        id=new_id(),
        session_id=signing.id,
        document_id=document_id,
        kind=signing.kind,
        provider=signing.provider,
        state="sending",
        sent_at=clock.now(),
        reason="",
        reference="",
    )


async def signer_in(
    session: Session, settings: Settings, signing: SigningSession, items: Sequence[Item], provider: Provider
) -> Signer:
    """Who signs in an act: the person as frozen at the cut-off, or the official as recorded."""
    person: Participant | Countersigner
    if signing.kind == ActKind.COUNTERSIGN:
        person = await office_of(session, items)
    else:
        person = await documents.participant_of(session, items[0].document)
    return await signer_of(session, settings, signing.employee_id, person.name, person.nip, provider)


async def signer_of(
    session: Session, settings: Settings, employee_id: UUID, name: str, nip: str, provider: Provider
) -> Signer:
    """Who signs, with the NIK only for a provider that names people by it."""
    employee = await asn.get_employee(session, employee_id)
    nik = None
    if provider.traits.nik:
        try:
            nik = await niks.open_nik(session, settings, employee_id)
        except SealBroken:
            log.warning("nik.not_opened", employee=str(employee_id))
    return Signer(name, nip, employee.email or "", SecretStr(nik) if nik else None)


async def _sheet(session: Session, ceremony: Ceremony, item: Item) -> Sheet:
    document = item.document
    if item.note is not None:
        return await notes.sheet(session, ceremony, document, item.note)
    title = await documents.title(session, ceremony.shelf, document)
    return Sheet(document.id, title, await elsewhere.prepared_bytes(ceremony.shelf, document), document.digest)


async def _send(held: Resources, act_id: UUID, provider: Provider, batch: Batch, given: Given) -> bool:
    """Make one call and write down its end; whether the next may be made."""
    clock = held.get(Clock)  # type: ignore[type-abstract]
    try:
        made = await provider.sign(batch.signer, batch.sheets, given, at=clock.now())
    except OutcomeUnknown as unknown:
        await _end(held, act_id, batch.calls, "unknown", unknown.reason, reference=unknown.reference)
        return False
    except AppError as refusal:
        await _end(held, act_id, batch.calls, "refused", _told(refusal))
        return False
    except Exception as fault:  # noqa: BLE001 - whatever a stranger's answer breaks; its text may quote what was sent
        log.error("remote.fault", kind=type(fault).__name__, provider=provider.traits.name)  # noqa: TRY400 - no trace: see above
        await _end(held, act_id, batch.calls, "unknown" if provider.traits.remote else "refused", "provider.fault")
        return False
    await _put_by(held, batch.calls, made)
    async with held.get(Database).transaction() as session:
        kept = await keeping.keep_batch(session, held, provider, batch.calls, made, now=clock.now())
        if not kept:
            await keeping.settle(session, act_id)
        return kept


async def _put_by(held: Resources, calls: Sequence[UUID], made: Sequence[Made]) -> None:
    """Store what came back before anything else can fail: a signature that was made must not be lost with a transaction."""
    blobs = held.get(Ceremony).blobs
    for call, one in zip(calls, made, strict=True):
        if isinstance(one, SignedFile):
            await blobs.put(keeping.returned_blob(call), one.data)
        elif isinstance(one, Cms):
            await blobs.put(keeping.returned_blob(call), one.der)


async def _end(
    held: Resources, act_id: UUID, calls: Sequence[UUID], state: str, reason: str, *, reference: str = ""
) -> None:
    clock = held.get(Clock)  # type: ignore[type-abstract]
    async with asyncio.timeout(60), held.get(Database).transaction() as session:
        for call in await queries.lock_calls(session, calls):
            call.state, call.reason, call.reference, call.ended_at = state, reason, reference, clock.now()
        await session.flush()
        await keeping.settle(session, act_id)


def _told(refusal: AppError) -> str:
    """Code and the one detail its sentence has a place for; providers put nothing there but words of their own."""
    detail = next(
        (str(refusal.params[k]) for k in ("state", "reason", "detail", "status") if refusal.params.get(k)), ""
    )
    return f"{refusal.code}:{detail}" if detail else refusal.code
