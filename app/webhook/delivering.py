"""Tell endpoints what waits for them: at least once, a few at a time, each endpoint by itself.

1. Facts leave the outbox and become messages and deliveries in one transaction.
2. Each endpoint with something due has a line of its own: it claims a few messages (committed), sends them, writes down what came of it,
   and claims the next. A slow endpoint holds up its own line only.
3. Whoever is killed between claim and outcome leaves messages `sending`; after the lease they are sent again under the same id.

Two processes may deliver at once: a claim counts what is under way, under the endpoint's lock.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import Session
from app.core.ids import new_id
from app.webhook import circuit, queries, sealing, signature
from app.webhook.means import Means
from app.webhook.models import Webhook, WebhookOutbox
from app.webhook.queries import Claimed
from app.webhook.sending import Outcome, Sender

BATCH = 500
LEASE = timedelta(minutes=2)  # longer than a delivery may take by its settings, and writing it down
log = structlog.get_logger()


class Pump:
    """Delivers in the background of a process, so that no job waits for an endpoint; stops by itself when nothing is due."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Begin, unless it is at it."""
        if (self._task is None or self._task.done()) and not self._ending.is_set():
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Bring what is under way to its end and begin nothing more; what does not end in its time is sent again by somebody else."""
        self._ending.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=self._means.settings.seconds + 2)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            await run(self._means, self._ending)
        except (SQLAlchemyError, OSError) as error:
            log.warning("webhook.interrupted", reason=type(error).__name__)


async def run(means: Means, ending: asyncio.Event | None = None) -> None:
    """Deliver everything that is due by now, and what falls due meanwhile, unless it is told to end."""
    ending = ending or asyncio.Event()
    lines: dict[UUID, asyncio.Task[None]] = {}
    async with Sender(means.settings, means.resolve) as sender:
        try:
            while True:
                made = 0 if ending.is_set() else await fan_out(means)
                for webhook_id in [] if ending.is_set() else await _due(means):
                    if webhook_id not in lines:
                        lines[webhook_id] = asyncio.create_task(_line(means, sender, webhook_id, ending))
                if not made and not lines:
                    return
                if lines:
                    await asyncio.wait(lines.values(), timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
                for webhook_id in [one for one, task in lines.items() if task.done()]:
                    await lines.pop(webhook_id)
        finally:
            for task in lines.values():
                task.cancel()
            await asyncio.gather(*lines.values(), return_exceptions=True)


async def fan_out(means: Means) -> int:
    """Turn at most a batch of facts into messages for the endpoints that want them; return how many there were."""
    now = means.clock.now()
    async with means.database.transaction() as session:
        facts = await queries.take_facts(session, BATCH)
        if not facts:
            return 0
        webhooks = [one for one in await queries.list_enabled(session) if await _has_room(means, session, one, now)]
        wanted = [fact for fact in facts if any(fact.kind in one.events for one in webhooks)]
        messages = [(new_id(), fact.kind, body_of(fact), now) for fact in wanted]
        rows = [(one.id, id_, kind) for one in webhooks for id_, kind, *_ in messages if kind in one.events]
        await queries.add_messages(session, messages)
        await queries.add_deliveries(session, rows, now)
        if session.dirty:
            await queries.refresh_wanted(session)
    return len(facts)


def body_of(fact: WebhookOutbox) -> str:
    """Return the payload: what happened, when, and ids and digests to look it up by; never a name or a NIP."""
    return payload(fact.kind, fact.at, fact.data)


def payload(kind: str, at: datetime, data: dict[str, object]) -> str:
    """Return a payload in the form Standard Webhooks recommends: type, timestamp, data."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": moment, "data": data}, separators=(",", ":"))


async def _has_room(means: Means, session: Session, webhook: Webhook, now: datetime) -> bool:
    if not await queries.has_waiting(session, webhook.id, means.settings.backlog):
        return True
    circuit.disable(webhook, "backlog", now)
    log.warning("webhook.disabled", webhook=str(webhook.id), cause="backlog")
    return False


async def _due(means: Means) -> list[UUID]:
    now = means.clock.now()
    async with means.database.transaction() as session:
        if lost := await queries.release_stale(session, now - LEASE):
            log.warning("webhook.sent_again", messages=lost)
        return await queries.list_due(session, now)


async def _line(means: Means, sender: Sender, webhook_id: UUID, ending: asyncio.Event) -> None:
    """Send an endpoint what is due, until nothing is, or it is disabled, or left in peace."""
    settled: list[tuple[Claimed, datetime, Outcome]] = []
    while True:
        now = means.clock.now()
        async with means.database.transaction() as session:
            await _settle(means, session, webhook_id, settled)
            if ending.is_set():
                return
            claimed, url, secrets_ = await _claim(means, session, webhook_id, now)
        if not claimed:
            return
        outcomes = await asyncio.gather(*(_send(sender, url, secrets_, one, now) for one in claimed))
        settled = [(one, now, outcome) for one, outcome in zip(claimed, outcomes, strict=True)]


async def _claim(
    means: Means, session: Session, webhook_id: UUID, now: datetime
) -> tuple[list[Claimed], str, list[str]]:
    webhook = await queries.lock_open(session, webhook_id, now)
    if webhook is None:
        return [], "", []
    try:
        secrets_ = [sealing.unseal(means.key, webhook_id, webhook.secret)]
        if webhook.secret_before and webhook.secret_before_until and webhook.secret_before_until > now:
            secrets_.append(sealing.unseal(means.key, webhook_id, webhook.secret_before))
    except sealing.SealBroken:
        circuit.disable(webhook, "secret", now)
        log.warning("webhook.disabled", webhook=str(webhook_id), cause="secret")
        await queries.refresh_wanted(session)
        return [], "", []
    most = 1 if circuit.probing(webhook) else means.settings.connections
    return await queries.claim(session, webhook_id, most, now), webhook.url, secrets_


async def _send(sender: Sender, url: str, secrets_: list[str], claimed: Claimed, now: datetime) -> Outcome:
    body = claimed.body.encode()
    return await sender.post(url, signature.headers(secrets_, claimed.message_id, now, body), body)


async def _settle(
    means: Means, session: Session, webhook_id: UUID, settled: list[tuple[Claimed, datetime, Outcome]]
) -> None:
    webhook = await queries.lock(session, webhook_id) if settled else None
    if webhook is None:
        return
    disabled = False
    for claimed, at, outcome in settled:
        disabled |= circuit.note(webhook, outcome, means.clock.now(), means.settings)
        await queries.settle(session, webhook_id, claimed.message_id, **_become(means, claimed, outcome))
        await queries.add_attempt(
            session,
            webhook_id=webhook_id,
            message_id=claimed.message_id,
            number=claimed.attempts + 1,
            at=at,
            milliseconds=outcome.milliseconds,
            status=outcome.status,
            error=outcome.error,
            answer=outcome.answer,
        )
    if disabled:
        log.warning("webhook.disabled", webhook=str(webhook_id), cause=webhook.disabled_cause)
        await queries.refresh_wanted(session)


def _become(means: Means, claimed: Claimed, outcome: Outcome) -> dict[str, object]:
    now = means.clock.now()
    counted: dict[str, object] = {
        "tries": claimed.tries + 1,
        "attempts": claimed.attempts + 1,
        "claimed_at": None,
    }
    if outcome.taken:
        return counted | {"state": "delivered", "settled_at": now}
    pause = circuit.next_try(claimed.tries + 1, outcome.retry_after, means.chance())
    if pause is None or outcome.status == circuit.GONE:
        return counted | {"state": "dead", "settled_at": now}
    return counted | {"state": "waiting", "next_at": now + pause}
