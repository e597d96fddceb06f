"""Open an act through a provider, show it, and take the person's go: everything before the first byte leaves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from app.core.clock import local_day
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.principal import Principal
from app.core.texts import catalogue, text
from app.document import elsewhere
from app.document import service as documents
from app.document.elsewhere import Way
from app.document.models import Document
from app.identity.recovery import service as recovery
from app.obligation import service as obligation
from app.obligation.models import Participant
from app.pledge import service as pledge
from app.signing import countersigning, states
from app.signing import queries as ceremony_queries
from app.signing.covering import ActKind, awaits, list_items, make_way, new_session, signature_of
from app.signing.errors import ConfirmationsIncomplete
from app.signing.models import RemoteCall, SigningEvidence, SigningSession
from app.signing.providers.base import Given, Provider, Takes, Traits
from app.signing.providers.errors import SecretMissing
from app.signing.providers.registry import Providers
from app.signing.remote import queries
from app.signing.remote.errors import SignedByCeremony
from app.signing.remote.schemas import RemoteCreate, RemoteDocument, RemoteRead, RemoteRefusal, RemoteSend
from app.signing.remote.settled import require_settled
from app.signing.schemas import Receipt, StatementBlock
from app.signing.sessions import Ceremony
from app.signing.states import State

OVER = (State.ABANDONED, State.DECLINED)


async def open_act(
    session: Session, ceremony: Ceremony, providers: Providers, actor: Principal, wanted: RemoteCreate, *, now: datetime
) -> SigningSession:
    """Prepare documents in the provider's layout for pending obligations of the caller; the same asked again gives the same act.

    Raises `ProviderOff`, `SignedByCeremony`, `ActSending`, `OutcomeOpen`, `NotForThisRound` and what obligations raise.
    """
    employee_id = actor.require_employee()
    await recovery.require_may_sign(session, employee_id, now=now)
    provider = providers.get(wanted.provider)
    if provider.traits.own_ceremony:
        raise SignedByCeremony(provider=wanted.provider)
    ids = list(dict.fromkeys(wanted.obligation_ids))
    if found := await _same(session, employee_id, wanted.provider, ids, now):
        return found
    owed = await obligation.require_pending(session, employee_id, ids, now=now)
    participants = await obligation.lock(session, employee_id, [o.round_id for o in owed])
    await require_settled(session, ids)
    await make_way(session, employee_id)
    way = _way(provider.traits)
    prepared = await elsewhere.prepare(
        session, ceremony.shelf, participants, owed, way, today=local_day(now, ceremony.timezone), now=now
    )
    signing = new_session(employee_id, ActKind.SIGN, wanted.provider, now)
    await ceremony_queries.open_session(session, signing, [d.id for d in prepared])
    return signing


async def _same(
    session: Session, employee_id: UUID, provider: str, ids: Sequence[UUID], now: datetime
) -> SigningSession | None:
    """The newest act about exactly these obligations, unless it is over and may be begun anew."""
    found = await queries.find_newest(session, employee_id, provider, ActKind.SIGN)
    if found is None or found.state in OVER or await queries.list_obligations(session, found.id) != list(ids):
        return None
    return None if found.state == State.PREPARED and found.expires_at <= now else found


def _way(traits: Traits) -> Way:
    room = traits.room if traits.takes is Takes.DIGEST else 0
    return Way(traits.name, traits.assurance, traits.foot, room)


async def get_own(session: Session, actor: Principal, act_id: UUID, *, lock: bool) -> SigningSession:
    """Return the caller's act through a provider; raises `NotFound` for any other."""
    employee_id = actor.require_employee()
    found = await ceremony_queries.find_session(session, act_id, lock=lock)
    if found is None or found.employee_id != employee_id or found.provider == "device":
        raise NotFound
    return found


async def begin(
    session: Session,
    ceremony: Ceremony,
    providers: Providers,
    signing: SigningSession,
    wanted: RemoteSend,
    *,
    address: str,
    now: datetime,
) -> Given | None:
    """Take the person's go: evidence written, the act `sending`. Returns what to send with, None if it is under way or done already.

    No call without every statement confirmed, in the order they are read: as before a certificate in the device's ceremony. An official
    whose mandate ended since the act was opened is refused (`DocumentChanged`).
    """
    if signing.state in {State.SENDING, State.SIGNED, State.UNKNOWN}:
        return None
    states.require(signing, State.PREPARED, now)
    provider = providers.get(signing.provider)
    covered = await list_items(session, signing)
    items = [item.document for item in covered]
    waiting = [document for document in items if awaits(signing, document)]
    if signing.kind == ActKind.SIGN:  # what was signed in time may be taken note of after the round
        await pledge.hold_open(session, {document.round_id for document in items}, now=now)
    else:
        left = [item for item in covered if item.document in waiting]
        await countersigning.require_unchanged(session, ceremony, signing, left, now=now)
    await require_settled(session, [document.obligation_id for document in waiting])
    times = [confirmation.at for confirmation in wanted.confirmations]
    if [c.document for c in wanted.confirmations] != [d.id for d in items] or times != sorted(times):
        raise ConfirmationsIncomplete
    method = _method(provider, wanted)
    if len(waiting) == len(items):
        await ceremony_queries.abandon_evidence(session, signing.id)  # of a go that led to a refusal
    session.add(_evidence(signing, items, wanted, method, address, now))
    signing.state = State.SENDING
    return Given(wanted.passphrase, wanted.totp)


def _method(provider: Provider, wanted: RemoteSend) -> str:
    """How the person proves to the provider who they are; raises `SecretMissing` for a secret it does not take, or more than it takes.

    Of two secrets the first is what the evidence names: whether the service asked for the other it does not say.
    """
    allowed = provider.traits.secrets
    if wanted.passphrase is not None and wanted.totp is not None and not provider.traits.together:
        raise SecretMissing(needed=allowed[0] if allowed else "none")
    given = "passphrase" if wanted.passphrase is not None else "totp" if wanted.totp is not None else ""
    if (given or allowed) and given not in allowed:
        raise SecretMissing(needed=allowed[0] if allowed else "none")
    return given or "token"


def _evidence(
    signing: SigningSession,
    items: Sequence[Document],
    wanted: RemoteSend,
    method: str,
    address: str,
    now: datetime,
) -> SigningEvidence:
    return SigningEvidence(
        id=new_id(),
        session_id=signing.id,
        at=now,
        method=method,
        address=address,
        abandoned=False,
        data={
            "method": method,
            "provider": signing.provider,
            "documents": [{"id": str(d.id), "sha256": d.digest.hex()} for d in items],
            "confirmations": [c.model_dump(mode="json") for c in wanted.confirmations],
        },
    )


async def describe(
    session: Session, ceremony: Ceremony, providers: Providers, signing: SigningSession, *, now: datetime, language: str
) -> RemoteRead:
    """Return an act as its person sees it."""
    items = [item.document for item in await list_items(session, signing)]
    calls = await queries.list_calls(session, signing.id)
    by_document = {call.document_id: call for call in calls}  # the newest of each
    refused = next((call for call in reversed(calls) if call.state == "refused"), None)
    on = providers.on.get(signing.provider)
    return RemoteRead(
        id=signing.id,
        kind=cast("Any", signing.kind),
        provider=signing.provider,
        state=cast("Any", signing.state),
        expires_in=max(0, round((signing.expires_at - now).total_seconds())) if signing.state == State.PREPARED else 0,
        secrets=list(on.traits.secrets) if on else [],
        together=on.traits.together if on else False,
        documents=[await _document(session, ceremony, signing, d, by_document.get(d.id)) for d in items],
        refusal=_refusal(refused, language) if refused and signing.state in {State.PREPARED, *OVER} else None,
        receipts=[
            Receipt(id=d.id, sha256=made[0].hex(), signed_at=made[1])
            for d in items
            if (made := signature_of(signing, d)) is not None
        ],
    )


def _refusal(call: RemoteCall, language: str) -> RemoteRefusal:
    code, _, detail = call.reason.partition(":")
    remedy = f"{code}.remedy"
    return RemoteRefusal(
        code=code,
        title=text(code, language, state=detail, reason=detail, detail=detail, status=detail),
        remedy=text(remedy, language) if remedy in catalogue(language) else None,
    )


async def _document(
    session: Session, ceremony: Ceremony, signing: SigningSession, document: Document, call: RemoteCall | None
) -> RemoteDocument:
    person: Participant = await documents.participant_of(session, document)
    read = await documents.read_statement(session, ceremony.shelf, document, person)
    state = "prepared" if awaits(signing, document) else "abandoned"
    if signature_of(signing, document) is not None:
        state = "signed"
    if call is not None and call.state in {"sending", "unknown", "not_signed"}:
        state = call.state
    return RemoteDocument(
        id=document.id,
        title=await documents.title(session, ceremony.shelf, document),
        person=person.name,
        sha256=document.digest.hex(),
        state=cast("Any", state),
        heading=list(read.title),
        statement=[StatementBlock(kind=b.kind, label=b.label, text=b.text) for b in read.blocks],
        page=f"/api/v1/documents/{document.id}/pages/1.png",
    )
