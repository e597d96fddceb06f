"""Waves and deliveries for callers who may see names; what comes back from outside: bounces, callbacks; sending again on purpose."""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core import jobs
from app.core.db import Session
from app.core.errors import NotFound
from app.core.permission import Permission
from app.core.principal import Principal, Scope
from app.core.reminder_settings import GatewaySettings, ReminderSettings
from app.pledge import service as pledge
from app.pledge.service import require_open
from app.reminder import queries
from app.reminder.channels.http_gateway import at_path
from app.reminder.errors import CallbackRefused, NotResendable, NotSent, WaveOver
from app.reminder.listing import queries as listing
from app.reminder.models import ReminderDelivery, ReminderWave
from app.reminder.schemas import BounceCreate, CallbackRead
from app.reminder.service import RUN_JOB

KEPT_DAYS = 180
RESENDABLE = ("unknown", "failed", "bounced")
_LEFT = ("sent", "delivered", "unknown", "bounced")
_DELIVERED = frozenset({"delivered", "read", "success", "delivrd"})
_FAILED = frozenset({"failed", "undelivered", "rejected", "expired", "undeliv"})


async def list_waves(
    session: Session, actor: Principal, round_id: UUID, limit: int, before: UUID | None
) -> list[tuple[ReminderWave, dict[str, int]]]:
    """Return a round's waves, newest first, with the counts of the messages the caller may see."""
    actor.require(Permission.OBLIGATION_READ)
    await pledge.get_round(session, round_id)
    waves = await listing.list_waves(session, round_id, limit, before)
    counts = await listing.count_by_state(session, [wave.id for wave in waves], actor.scope)
    return [(wave, counts[wave.id]) for wave in waves]


async def counted(session: Session, actor: Principal, wave: ReminderWave) -> tuple[ReminderWave, dict[str, int]]:
    """Return one wave with its counts."""
    return wave, (await listing.count_by_state(session, [wave.id], actor.scope))[wave.id]


async def list_deliveries(
    session: Session, actor: Principal, wave_id: UUID, limit: int, *, state: str | None, after: UUID | None
) -> list[ReminderDelivery]:
    """Return the messages of a wave inside the caller's scope."""
    actor.require(Permission.OBLIGATION_READ)
    if await listing.find_wave(session, wave_id) is None:
        raise NotFound
    return await listing.list_deliveries(session, wave_id, actor.scope, state=state, after=after, limit=limit)


async def bounce(
    session: Session,
    actor: Principal,
    settings: ReminderSettings,
    delivery_id: UUID,
    body: BounceCreate,
    *,
    now: datetime,
) -> ReminderDelivery:
    """Record that a message came back; a permanent one counts against its address. The second time nothing changes."""
    actor.require(Permission.REMINDER_WRITE)
    found = await _visible(session, actor.scope, delivery_id)
    if found.state not in _LEFT:
        raise NotSent
    if found.state != "bounced":
        await _returned(session, settings, found, body.reason, hard=body.permanent, now=now)
    return found


async def resend(session: Session, actor: Principal, delivery_id: UUID, *, now: datetime) -> ReminderDelivery:
    """Send a message again on purpose, under the same Message-ID: who asks answers for it that somebody may get it twice.

    Raises `NotResendable`, `WaveOver` for one of a cancelled wave, `RoundNotOpen`.
    """
    actor.require(Permission.REMINDER_WRITE)
    wave_id = await listing.wave_of(session, delivery_id)
    wave = await queries.lock_wave(session, wave_id) if wave_id else None  # before its messages, as in cancelling
    found = await _visible(session, actor.scope, delivery_id)
    if found.state not in RESENDABLE or not found.address:
        raise NotResendable(state=found.state)
    if wave is None or wave.state == "cancelled":
        raise WaveOver
    require_open(await pledge.get_round(session, found.round_id), now)
    found.state, found.cause, found.detail, found.attempts = "waiting", "", "", 0
    found.not_before = found.claimed_at = found.settled_at = None
    found.resent_at, found.resent_by = now, actor.id
    wave.state, wave.finished_at = "running", None
    await jobs.defer(session, RUN_JOB)
    await session.flush()
    return found


async def take_callback(
    session: Session,
    gateway: GatewaySettings,
    settings: ReminderSettings,
    channel: str,
    secret: str,
    body: Mapping[str, Any],
    *,
    now: datetime,
) -> CallbackRead:
    """Take a gateway's word on a message: delivered, or failed. Raises `CallbackRefused` without the right secret."""
    expected = gateway.callback_secret.get_secret_value()
    if not expected or not hmac.compare_digest(secret.encode(), expected.encode()):
        raise CallbackRefused
    gateway_id = at_path(body, gateway.callback_id)
    found = await listing.lock_by_gateway_id(session, channel, gateway_id) if gateway_id else None
    if found is None:
        return CallbackRead(known=False)
    status = at_path(body, gateway.callback_status).lower()
    if status in _DELIVERED and found.state in {"sent", "unknown"}:
        found.state, found.cause, found.settled_at = "delivered", "", now
    elif status in _FAILED and found.state in {"sent", "unknown", "delivered"}:
        await _returned(session, settings, found, at_path(body, gateway.callback_reason), hard=True, now=now)
    return CallbackRead(known=True, state=found.state)


async def forget_addresses(session: Session, *, now: datetime) -> None:
    """Forget where old messages went."""
    await listing.forget_addresses(session, now - timedelta(days=KEPT_DAYS))


async def agency_names(session: Session, agency_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of agencies by id."""
    return await listing.names_of(session, list(set(agency_ids)))


async def _visible(session: Session, scope: Scope, delivery_id: UUID) -> ReminderDelivery:
    found = await listing.lock_delivery(session, delivery_id)
    if found is None or (scope.agencies is not None and found.agency_id not in scope.agencies):
        raise NotFound
    return found


async def _returned(
    session: Session, settings: ReminderSettings, found: ReminderDelivery, reason: str, *, hard: bool, now: datetime
) -> None:
    found.state, found.cause, found.detail, found.settled_at = "bounced", "bounced", reason, now
    if hard and found.address:
        most = settings.hard_failures
        await queries.note_hard_failure(session, found.channel, found.address, reason, most, now)
