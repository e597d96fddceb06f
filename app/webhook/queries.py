"""SQL of endpoints, of what waits for them, and of what they were told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, cast, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Session, insert_rows, take_turn
from app.webhook.models import Webhook, WebhookAttempt, WebhookDelivery, WebhookMessage, WebhookOutbox

_WANTED_TURN = 0x57414E54
_WANTED = text("""
WITH wanted AS (SELECT DISTINCT jsonb_array_elements_text(events) AS kind FROM webhook WHERE enabled),
gone AS (DELETE FROM webhook_wanted w WHERE NOT EXISTS (SELECT FROM wanted WHERE wanted.kind = w.kind))
INSERT INTO webhook_wanted SELECT kind FROM wanted ON CONFLICT DO NOTHING
""")
_SETTLED = ("delivered", "dead")


class Claimed(NamedTuple):
    """A message that is about to be sent to an endpoint."""

    message_id: UUID
    body: str
    tries: int
    attempts: int


async def refresh_wanted(session: Session) -> None:
    """Have the triggers queue what enabled endpoints want, and nothing else; last in its transaction, because others wait for it."""
    await session.flush()
    await take_turn(session, _WANTED_TURN)
    await session.execute(_WANTED)


async def list_webhooks(session: Session, after: UUID, limit: int) -> list[Webhook]:
    """Return endpoints in the order they were made."""
    statement = select(Webhook).where(Webhook.id > after).order_by(Webhook.id).limit(limit)
    return list((await session.execute(statement)).scalars())


async def count_webhooks(session: Session) -> int:
    """Return how many endpoints there are."""
    return (await session.execute(select(func.count()).select_from(Webhook))).scalar_one()


async def find(session: Session, webhook_id: UUID) -> Webhook | None:
    """Return an endpoint."""
    return (await session.execute(select(Webhook).where(Webhook.id == webhook_id))).scalar_one_or_none()


async def lock(session: Session, webhook_id: UUID) -> Webhook | None:
    """Return an endpoint as it is now, to be changed; deliveries may point to it meanwhile."""
    statement = select(Webhook).where(Webhook.id == webhook_id).with_for_update(key_share=True)
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def drop(session: Session, webhook_id: UUID) -> None:
    """Delete an endpoint with what it was told."""
    await session.execute(delete(Webhook).where(Webhook.id == webhook_id))


async def list_deliveries(
    session: Session, webhook_id: UUID, state: str | None, before: UUID | None, limit: int
) -> list[WebhookDelivery]:
    """Return an endpoint's deliveries, the newest message first."""
    statement = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if state is not None:
        statement = statement.where(WebhookDelivery.state == state)
    if before is not None:
        statement = statement.where(WebhookDelivery.message_id < before)
    statement = statement.order_by(WebhookDelivery.message_id.desc()).limit(limit)
    return list((await session.execute(statement)).scalars())


async def list_attempts(session: Session, webhook_id: UUID, message_ids: Sequence[UUID]) -> list[WebhookAttempt]:
    """Return the attempts of deliveries, in their order."""
    statement = (
        select(WebhookAttempt)
        .where(WebhookAttempt.webhook_id == webhook_id, WebhookAttempt.message_id.in_(message_ids))
        .order_by(WebhookAttempt.message_id, WebhookAttempt.number)
    )
    return list((await session.execute(statement)).scalars())


async def lock_delivery(session: Session, webhook_id: UUID, message_id: UUID) -> WebhookDelivery | None:
    """Return a delivery, locked."""
    statement = select(WebhookDelivery).where(
        WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.message_id == message_id
    )
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


async def take_facts(session: Session, limit: int) -> list[WebhookOutbox]:
    """Take facts out of the outbox; those another process is at are left to it."""
    chosen = select(WebhookOutbox.id).order_by(WebhookOutbox.id).limit(limit).with_for_update(skip_locked=True)
    statement = delete(WebhookOutbox).where(WebhookOutbox.id.in_(chosen)).returning(WebhookOutbox)
    found = (await session.execute(statement.execution_options(synchronize_session=False))).scalars()
    return sorted(found, key=lambda fact: fact.id)


async def list_enabled(session: Session) -> list[Webhook]:
    """Return enabled endpoints, held so that none is deleted before this transaction ends."""
    statement = select(Webhook).where(Webhook.enabled).order_by(Webhook.id).with_for_update(read=True, key_share=True)
    return list((await session.execute(statement)).scalars())


async def has_waiting(session: Session, webhook_id: UUID, count: int) -> bool:
    """Whether at least so many messages wait for an endpoint."""
    waiting = select(WebhookDelivery.message_id).where(
        WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == "waiting"
    )
    found = await session.execute(waiting.offset(count - 1).limit(1))
    return found.first() is not None


async def add_messages(session: Session, messages: Sequence[tuple[UUID, str, str, datetime]]) -> None:
    """Keep messages: (id, kind, body, time)."""
    await insert_rows(session, "webhook_message", ("id", "kind", "body", "created_at"), messages)


async def add_deliveries(session: Session, rows: Sequence[tuple[UUID, UUID, str]], now: datetime) -> None:
    """Have messages sent: (endpoint, message, kind)."""
    columns = ("webhook_id", "message_id", "kind", "state", "tries", "attempts", "next_at", "created_at")
    await insert_rows(session, "webhook_delivery", columns, [(*row, "waiting", 0, 0, now, now) for row in rows])


async def count_messages(session: Session, webhook: Webhook, since: datetime, until: datetime, most: int) -> int:
    """Return how many messages of a time range an endpoint wants, counting up to `most`."""
    inside = select(WebhookMessage.id).where(_of_range(webhook, since, until)).limit(most).subquery()
    return (await session.execute(select(func.count()).select_from(inside))).scalar_one()


async def replay(session: Session, webhook: Webhook, since: datetime, until: datetime, now: datetime) -> int:
    """Have the messages of a time range sent (again), but for those that wait already; return how many."""
    chosen = select(
        cast(webhook.id, WebhookDelivery.webhook_id.type),
        WebhookMessage.id,
        WebhookMessage.kind,
        *(cast(value, column.type) for value, column in _fresh(now)),
    ).where(_of_range(webhook, since, until))
    names = ["webhook_id", "message_id", "kind", *(column.key for _, column in _fresh(now))]
    statement = insert(WebhookDelivery).from_select(names, chosen)
    again = statement.on_conflict_do_update(
        index_elements=[WebhookDelivery.webhook_id, WebhookDelivery.message_id],
        set_={"state": "waiting", "tries": 0, "next_at": now, "settled_at": None},
        where=WebhookDelivery.state.in_(_SETTLED),
    )
    found: Any = await session.execute(again, execution_options={"preserve_rowcount": True})
    return int(found.rowcount)


def _fresh(now: datetime) -> list[tuple[Any, Any]]:
    return [
        ("waiting", WebhookDelivery.state),
        (0, WebhookDelivery.tries),
        (0, WebhookDelivery.attempts),
        (now, WebhookDelivery.next_at),
        (now, WebhookDelivery.created_at),
    ]


def _of_range(webhook: Webhook, since: datetime, until: datetime) -> Any:
    return and_(
        WebhookMessage.created_at >= since, WebhookMessage.created_at < until, WebhookMessage.kind.in_(webhook.events)
    )


async def release_stale(session: Session, before: datetime) -> int:
    """Give back what a dead process was sending: whether it arrived nobody knows, so it is sent again under the same id."""
    statement = (
        update(WebhookDelivery)
        .where(WebhookDelivery.state == "sending", WebhookDelivery.claimed_at <= before)
        .values(state="waiting", claimed_at=None)
    )
    found: Any = await session.execute(statement.execution_options(synchronize_session=False))
    return int(found.rowcount)


async def list_due(session: Session, now: datetime) -> list[UUID]:
    """Return the endpoints something is to be sent to now."""
    due = exists().where(
        WebhookDelivery.webhook_id == Webhook.id, WebhookDelivery.state == "waiting", WebhookDelivery.next_at <= now
    )
    statement = select(Webhook.id).where(_open(now), due)
    return list((await session.execute(statement)).scalars())


async def lock_open(session: Session, webhook_id: UUID, now: datetime) -> Webhook | None:
    """Return an endpoint that may be sent to, locked; None also where another process holds it."""
    statement = select(Webhook).where(Webhook.id == webhook_id, _open(now))
    statement = statement.with_for_update(key_share=True, skip_locked=True)
    return (await session.execute(statement)).scalar_one_or_none()


def _open(now: datetime) -> Any:
    return and_(Webhook.enabled, or_(Webhook.paused_until.is_(None), Webhook.paused_until <= now))


async def claim(session: Session, webhook_id: UUID, most: int, now: datetime) -> list[Claimed]:
    """Mark what is sent next, as long as no more than `most` are under way to the endpoint."""
    under_way = select(func.count()).where(WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == "sending")
    room = most - (await session.execute(under_way)).scalar_one()
    if room <= 0:
        return []
    due = (
        select(WebhookDelivery.message_id)
        .where(
            WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == "waiting", WebhookDelivery.next_at <= now
        )
        .order_by(WebhookDelivery.next_at, WebhookDelivery.message_id)
        .limit(room)
    )
    statement = (
        update(WebhookDelivery)
        .where(
            WebhookDelivery.webhook_id == webhook_id,
            WebhookDelivery.message_id.in_(due),
            WebhookMessage.id == WebhookDelivery.message_id,
        )
        .values(state="sending", claimed_at=now)
        .returning(WebhookMessage.id, WebhookMessage.body, WebhookDelivery.tries, WebhookDelivery.attempts)
    )
    found = await session.execute(statement.execution_options(synchronize_session=False))
    return [Claimed(*row) for row in found]


async def settle(session: Session, webhook_id: UUID, message_id: UUID, **values: Any) -> None:
    """Write down what became of a message that was being sent."""
    statement = update(WebhookDelivery).where(
        WebhookDelivery.webhook_id == webhook_id,
        WebhookDelivery.message_id == message_id,
        WebhookDelivery.state == "sending",
    )
    await session.execute(statement.values(**values).execution_options(synchronize_session=False))


async def add_attempt(session: Session, **values: Any) -> None:
    """Keep an attempt; one whose delivery was deleted meanwhile, or that another process kept, is forgotten."""
    await session.execute(insert(WebhookAttempt).values(**values).on_conflict_do_nothing())


async def forget(session: Session, before: datetime, limit: int) -> int:
    """Delete old messages with their deliveries and attempts; return how many."""
    old = select(WebhookMessage.id).where(WebhookMessage.created_at < before).limit(limit)
    found: Any = await session.execute(delete(WebhookMessage).where(WebhookMessage.id.in_(old)))
    return int(found.rowcount)
