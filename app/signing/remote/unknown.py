"""What is done about an outcome nobody knows: ask the service again, hand in the file, or say that nothing was signed.

Nothing here ever asks a service to sign. A person's decision is logged.
"""

import hashlib
import json
from datetime import datetime
from uuid import UUID

from app.core.blobs import BlobMissing
from app.core.clock import Clock
from app.core.db import Database, Session
from app.core.errors import NotFound
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.resources import Resources
from app.core.settings import Settings
from app.signing import queries as ceremony_queries
from app.signing.covering import list_items
from app.signing.models import RemoteCall
from app.signing.providers.base import Cms, Judging, Made, Provider, SignedFile, Signer, Takes
from app.signing.providers.finishing import Unfit
from app.signing.providers.registry import Providers
from app.signing.remote import keeping, queries
from app.signing.remote.errors import CallSettled, FileUnfit
from app.signing.remote.schemas import UnknownRead
from app.signing.remote.sending import signer_in
from app.signing.sessions import Ceremony
from app.transparency import service as transparency
from app.transparency.record import Fact


async def list_unknown(session: Session, actor: Principal, after: UUID | None, limit: int) -> list[UnknownRead]:
    """Return the calls whose outcome is unknown, oldest first."""
    actor.require(Permission.REMOTE_DECIDE)
    found = await queries.list_unknown(session, after, limit)
    own = ("id", "kind", "document_id", "provider", "sent_at", "reason", "reference", "checked_at")
    about = ("obligation_id", "round_id", "employee_id", "agency_id", "name", "nip", "pledge")
    return [
        UnknownRead(**{name: getattr(call, name) for name in own}, **{name: getattr(row, name) for name in about})
        for call, row in found
    ]


async def get_call(session: Session, actor: Principal, call_id: UUID, *, lock: bool = False) -> RemoteCall:
    """Return a call; raises `NotFound`."""
    actor.require(Permission.REMOTE_DECIDE)
    return await _get(session, call_id, lock=lock)


async def _get(session: Session, call_id: UUID, *, lock: bool = False) -> RemoteCall:
    found = await queries.lock_calls(session, [call_id]) if lock else await queries.list_by_ids(session, [call_id])
    if not found:
        raise NotFound
    return found[0]


async def check_again(held: Resources, actor: Principal, call_id: UUID) -> RemoteCall:
    """Look at what was put by, then ask the service; keep what holds. Opens its own transactions, none during the call.

    Raises `CallSettled`, and `ProviderUnavailable` when the service cannot be asked; the outcome stays unknown then.
    """
    actor.require(Permission.REMOTE_DECIDE)
    return await look_again(held, call_id)


async def look_again(held: Resources, call_id: UUID) -> RemoteCall:
    """Ask about a call for somebody whose right to it was seen; as `check_again`."""
    database, clock = held.get(Database), held.get(Clock)  # type: ignore[type-abstract]
    async with database.transaction() as session:
        call = await _get(session, call_id)
        _require_unknown(call)
        provider = held.get(Providers).get(call.provider)
        signer = await _signer(session, held, call, provider)
    made = await _put_by(held, call_id, provider) or await provider.look_again(signer, call.reference)
    async with database.transaction() as session:
        call = await _get(session, call_id, lock=True)
        _require_unknown(call)
        call.checked_at = clock.now()
        if made is not None:
            await keeping.keep_batch(session, held, provider, [call_id], [made], now=clock.now())
            await keeping.settle(session, call.session_id)
        return call


async def hand_in(held: Resources, actor: Principal, call_id: UUID, data: bytes, reason: str) -> RemoteCall:
    """Keep a signed file that was fetched by other means, if it is the prepared document and its signature holds. Raises `FileUnfit`.

    A service that judges files is asked for its opinion, with no transaction open: what it calls invalid is refused, and where it
    does not say, our own examination stands alone.
    """
    actor.require(Permission.REMOTE_DECIDE)
    return await take_file(held, actor, call_id, data, reason)


async def take_file(held: Resources, actor: Principal, call_id: UUID, data: bytes, reason: str) -> RemoteCall:
    """Keep a file for somebody whose right to the call was seen; as `hand_in`."""
    database, clock = held.get(Database), held.get(Clock)  # type: ignore[type-abstract]
    async with database.transaction() as session:
        call = await _get(session, call_id)
        _require_unknown(call)
    provider = held.get(Providers).get(call.provider)
    if provider.traits.takes is not Takes.FILE:
        raise FileUnfit(reason="no_file")
    opinion = await provider.opinion(data) if isinstance(provider, Judging) else None
    if opinion == "invalid":
        raise FileUnfit(reason="second_opinion")
    async with database.transaction() as session:
        call = await _get(session, call_id, lock=True)
        _require_unknown(call)
        try:
            await keeping.keep_one(session, held, provider, call, SignedFile(data), now=clock.now())
        except Unfit as unfit:
            raise FileUnfit(reason=unfit.reason) from unfit
        call.opinion = opinion
        await _decide(session, held, actor, call, "signed", reason, clock.now())
        return call


async def decide_not_signed(
    session: Session, held: Resources, actor: Principal, call_id: UUID, reason: str, *, now: datetime
) -> RemoteCall:
    """A person says that nothing was signed: the act is over, and the pledge may be signed in a new one."""
    call = await get_call(session, actor, call_id, lock=True)
    _require_unknown(call)
    call.state, call.ended_at = "not_signed", now
    await _decide(session, held, actor, call, "not_signed", reason, now)
    return call


async def _decide(
    session: Session, held: Resources, actor: Principal, call: RemoteCall, outcome: str, reason: str, now: datetime
) -> None:
    call.decided_at, call.decided_by, call.decision = now, actor.id, reason
    await session.flush()
    await keeping.settle(session, call.session_id)
    decided = json.dumps({"call": str(call.id), "outcome": outcome, "reason": reason}, sort_keys=True)
    digest = hashlib.sha256(decided.encode()).digest()
    entry = transparency.Entry(Fact.REMOTE_DECIDED, call.id, digest, now, actor.id)
    await transparency.record(session, held.get(Ceremony).log, [entry])


def _require_unknown(call: RemoteCall) -> None:
    if call.state != "unknown":
        raise CallSettled(state=call.state)


async def _signer(session: Session, held: Resources, call: RemoteCall, provider: Provider) -> Signer:
    signing = await ceremony_queries.find_session(session, call.session_id, lock=False)
    assert signing is not None
    items = await list_items(session, signing)
    return await signer_in(session, held.get(Settings), signing, items, provider)


async def _put_by(held: Resources, call_id: UUID, provider: Provider) -> Made | None:
    """What came back of the call before something here failed."""
    try:
        data = await held.get(Ceremony).blobs.get(keeping.returned_blob(call_id))
    except BlobMissing:
        return None
    return SignedFile(data) if provider.traits.takes is Takes.FILE else Cms(data)
