"""Endpoints: made, changed, tried out, and told again. Only somebody who sees everything may: events are of all agencies."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from app.core.db import Session
from app.core.errors import NotFound, NotPermitted
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.webhook import circuit, queries, sealing, signature
from app.webhook.addresses import AddressRefused, parse
from app.webhook.delivering import payload
from app.webhook.errors import Disabled, RangeEmpty, RangeTooLarge, TooMany, Underway, UrlRefused
from app.webhook.means import Means
from app.webhook.models import TEST_EVENT, Webhook, WebhookAttempt, WebhookDelivery
from app.webhook.schemas import ReplayRange, WebhookCreate, WebhookUpdate

MOST = 50
FORGOTTEN_AT_ONCE = 5_000


async def create(session: Session, actor: Principal, means: Means, wanted: WebhookCreate) -> tuple[Webhook, str]:
    """Make an endpoint; return it with its secret, which is not shown again. Raises `UrlRefused`, `TooMany`."""
    _require(actor)
    _check(means, wanted.url)
    if await queries.count_webhooks(session) >= MOST:
        raise TooMany(most=MOST)
    secret, made = signature.new_secret(), new_id()
    webhook = Webhook(
        id=made,
        url=wanted.url,
        events=list(dict.fromkeys(wanted.events)),
        description=wanted.description,
        enabled=True,
        secret=sealing.seal(means.key, made, secret),
        failures=0,
        last_error="",
        disabled_cause="",
        created_at=means.clock.now(),
        created_by=actor.id,
    )
    session.add(webhook)
    await queries.refresh_wanted(session)
    return webhook, secret


async def list_webhooks(session: Session, actor: Principal, after: UUID, limit: int) -> list[Webhook]:
    """Return the endpoints in the order they were made."""
    _require(actor)
    return await queries.list_webhooks(session, after, limit)


async def get(session: Session, actor: Principal, webhook_id: UUID) -> Webhook:
    """Return an endpoint; raises `NotFound`."""
    _require(actor)
    if (webhook := await queries.find(session, webhook_id)) is None:
        raise NotFound
    return webhook


async def change(session: Session, actor: Principal, means: Means, webhook_id: UUID, changes: WebhookUpdate) -> Webhook:
    """Change an endpoint. Disabled, it gets no message that has not left by now; enabled, it begins with a clean slate."""
    webhook = await _lock(session, actor, webhook_id)
    if changes.url is not None:
        _check(means, changes.url)
        webhook.url = changes.url
    if changes.events is not None:
        webhook.events = list(dict.fromkeys(changes.events))
    if changes.description is not None:
        webhook.description = changes.description
    if changes.enabled is False:
        circuit.disable(webhook, "admin", means.clock.now())
    elif changes.enabled:
        circuit.enable(webhook)
    await queries.refresh_wanted(session)
    return webhook


async def drop(session: Session, actor: Principal, webhook_id: UUID) -> None:
    """Delete an endpoint with everything about it."""
    await _lock(session, actor, webhook_id)
    await queries.drop(session, webhook_id)
    await queries.refresh_wanted(session)


async def rotate(session: Session, actor: Principal, means: Means, webhook_id: UUID) -> tuple[Webhook, str]:
    """Give an endpoint a new secret; the one before signs beside it for a while. A second rotation ends the first one's overlap."""
    webhook = await _lock(session, actor, webhook_id)
    secret = signature.new_secret()
    webhook.secret_before = webhook.secret
    webhook.secret_before_until = means.clock.now() + timedelta(hours=means.settings.overlap_hours)
    webhook.secret = sealing.seal(means.key, webhook_id, secret)
    if webhook.disabled_cause == "secret":  # the one before does not open any longer
        webhook.secret_before = None
    await session.flush()
    return webhook, secret


async def test(session: Session, actor: Principal, means: Means, webhook_id: UUID) -> WebhookDelivery:
    """Have a test message sent; raises `Disabled`."""
    webhook = await _lock(session, actor, webhook_id)
    if not webhook.enabled:
        raise Disabled
    now, message_id = means.clock.now(), new_id()
    body = payload(TEST_EVENT, now, {"webhook_id": str(webhook_id)})
    await queries.add_messages(session, [(message_id, TEST_EVENT, body, now)])
    await queries.add_deliveries(session, [(webhook_id, message_id, TEST_EVENT)], now)
    found = await queries.lock_delivery(session, webhook_id, message_id)
    assert found is not None
    return found


async def list_deliveries(
    session: Session, actor: Principal, webhook_id: UUID, state: str | None, before: UUID | None, limit: int
) -> list[WebhookDelivery]:
    """Return what an endpoint was told or is to be told, the newest first."""
    await get(session, actor, webhook_id)
    return await queries.list_deliveries(session, webhook_id, state, before, limit)


async def attempts(
    session: Session, webhook_id: UUID, deliveries: Sequence[WebhookDelivery]
) -> dict[UUID, list[WebhookAttempt]]:
    """Return the attempts of deliveries, by message."""
    found: dict[UUID, list[WebhookAttempt]] = {one.message_id: [] for one in deliveries}
    for attempt in await queries.list_attempts(session, webhook_id, list(found)):
        found[attempt.message_id].append(attempt)
    return found


async def replay(
    session: Session, actor: Principal, means: Means, webhook_id: UUID, message_id: UUID
) -> WebhookDelivery:
    """Have one message sent again, with its tries anew; raises `Disabled`, `Underway`."""
    webhook = await _lock(session, actor, webhook_id)
    delivery = await queries.lock_delivery(session, webhook_id, message_id)
    if delivery is None:
        raise NotFound
    if not webhook.enabled:
        raise Disabled
    if delivery.state in {"waiting", "sending"}:
        raise Underway
    delivery.state, delivery.tries, delivery.settled_at = "waiting", 0, None
    delivery.next_at = means.clock.now()
    await session.flush()
    return delivery


async def replay_range(session: Session, actor: Principal, means: Means, webhook_id: UUID, wanted: ReplayRange) -> int:
    """Have the messages of a time range sent, whether the endpoint was told of them or not; return how many.

    Raises `Disabled`, `RangeEmpty`, `RangeTooLarge`. What arose while no endpoint wanted it was not kept.
    """
    webhook = await _lock(session, actor, webhook_id)
    if not webhook.enabled:
        raise Disabled
    if wanted.until <= wanted.since:
        raise RangeEmpty
    most = means.settings.backlog
    if await queries.count_messages(session, webhook, wanted.since, wanted.until, most) >= most:
        raise RangeTooLarge(most=most)
    return await queries.replay(session, webhook, wanted.since, wanted.until, means.clock.now())


async def forget(means: Means) -> None:
    """Delete messages that were kept long enough, with their deliveries and attempts."""
    before = means.clock.now() - timedelta(days=means.settings.keep_days)
    done = FORGOTTEN_AT_ONCE
    while done == FORGOTTEN_AT_ONCE:
        async with means.database.transaction() as session:
            done = await queries.forget(session, before, FORGOTTEN_AT_ONCE)


def _require(actor: Principal) -> None:
    actor.require(Permission.WEBHOOK_WRITE)
    if not actor.scope.everything:
        raise NotPermitted(permission=Permission.WEBHOOK_WRITE.value)


async def _lock(session: Session, actor: Principal, webhook_id: UUID) -> Webhook:
    _require(actor)
    if (webhook := await queries.lock(session, webhook_id)) is None:
        raise NotFound
    return webhook


def _check(means: Means, url: str) -> None:
    try:
        parse(url, means.settings)
    except AddressRefused as refused:
        raise UrlRefused(reason=str(refused)) from None
