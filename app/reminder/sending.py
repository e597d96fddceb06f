"""Send what a wave still owes: at most once to each person, whatever happens to the process.

For every message, in this order:
1. what can be refused without the message is asked (SMTP: MAIL and RCPT; a gateway: whether the number is one);
2. one transaction writes down what came of the message before, asks whether this one may still leave (signed in the meantime, paused,
   cancelled, closed, capped) and marks it `sending`; it is committed;
3. the message is handed over (SMTP: DATA; a gateway: POST);
4. the outcome is written down with the next message's claim, or at once when there is none.

So a kill finds at most one message a connection between 2 and 4, and of those nobody can know whether the other side took them: the
next run, which alone holds the turn of sending, marks them `unknown`, shows them, and does not send them again by itself; an
administrator may, and the Message-ID (Idempotency-Key) is the same then. Everything before 2 left no trace on the other side and is
simply sent by the next run. What the other side refused for the moment (4yz, 429) is tried again within the wave, a bounded number of times.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from app.core.handing import Handing, NotHanded
from app.pledge.models import PledgeRound
from app.reminder import queries
from app.reminder.audience import service as audience
from app.reminder.channels.base import Letter, Line
from app.reminder.delivery import Outgoing, Settled
from app.reminder.letters import Letters
from app.reminder.means import Means
from app.reminder.plan import Plan
from app.reminder.quiet_hours import is_quiet

BATCH = 200
log = structlog.get_logger()


class Sending:
    """One run over a wave: which channels answer, and whether it goes on. It holds a batch of messages, whatever the wave's size."""

    def __init__(self, means: Means, wave_id: UUID, pledge_round: PledgeRound, plan: Plan) -> None:
        self._means, self._wave_id, self._plan = means, wave_id, plan
        self._letters = Letters(means, pledge_round, plan)
        self._stopped = False
        self._away: set[str] = set()

    async def run(self) -> None:
        """Send everything that may leave now."""
        count = self._means.reminder.connections
        waiting: asyncio.Queue[Outgoing | None] = asyncio.Queue(2 * count)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._load(waiting, count))
            for _ in range(count):
                tasks.create_task(self._send_all(waiting))

    async def _load(self, waiting: asyncio.Queue[Outgoing | None], senders: int) -> None:
        after = UUID(int=0)
        while not self._stopped:
            async with self._means.database.transaction() as session:
                batch = await queries.list_waiting(session, self._wave_id, after, self._means.clock.now(), BATCH)
            for outgoing in batch:
                await waiting.put(outgoing)
            if len(batch) < BATCH:
                break
            after = batch[-1].id
        for _ in range(senders):
            await waiting.put(None)

    async def _send_all(self, waiting: asyncio.Queue[Outgoing | None]) -> None:
        settled: Settled | None = None
        async with AsyncExitStack() as stack:
            lines: dict[str, Line] = {}
            try:
                while (outgoing := await waiting.get()) is not None:
                    if self._stopped or outgoing.channel in self._away:
                        continue
                    if outgoing.channel not in lines:
                        channel = self._means.channels.get(outgoing.channel)
                        if not channel.available:  # it was when the list was written
                            self._away.add(outgoing.channel)
                            continue
                        lines[outgoing.channel] = await stack.enter_async_context(channel.line())
                    before, settled = settled, None
                    settled = await self._to_its_end(self._send(lines[outgoing.channel], outgoing, before))
                    if settled is not None and waiting.empty():
                        before, settled = settled, None
                        await self._settle(before)
            finally:
                if settled is not None:
                    await self._settle(settled)

    async def _send(self, line: Line, outgoing: Outgoing, before: Settled | None) -> Settled | None:
        """Send one message; return what is still to be written down about it."""
        now = self._means.clock.now()
        if is_quiet(now, self._means.service.timezone, self._plan.quiet_from, self._plan.quiet_until):
            self._stopped = True
            return before
        letter = await self._letters.write(outgoing)
        if letter is None:
            await self._settle(before, Settled(outgoing.id, "skipped", now, cause="nothing_to_tell", tried=False))
            return None
        try:
            await line.begin(outgoing.address)
        except NotHanded as refused:
            await self._settle(before, self._judged(outgoing, refused, now))
            return None
        cause, activation = await self._claim(outgoing, before, now)
        if cause != "":
            self._stopped = self._stopped or cause == "paused"
            await line.abandon()
            return None
        if activation:
            letter = self._letters.to_person(outgoing, activation)
        return await self._hand(line, outgoing, letter)

    async def _to_its_end(self, sending: Coroutine[Any, Any, Settled | None]) -> Settled | None:
        """Told to stop, a worker brings the message it has begun to its end and writes it down: only a kill leaves one in doubt."""
        task = asyncio.create_task(sending)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await self._settle(await task)
            raise

    async def _claim(self, outgoing: Outgoing, before: Settled | None, now: datetime) -> tuple[str | None, str]:
        bounds = audience.bounds(self._plan, now, self._means.service.timezone)
        async with self._means.database.transaction() as session:
            sent = before if before is not None and before.state == "sent" else None
            if before is not None and sent is None:
                await queries.settle(session, before, self._means.reminder.hard_failures)
            cause = await queries.claim(session, outgoing.id, bounds, now, sent)
            if cause == "" and self._letters.wants_link(outgoing):
                return cause, await self._letters.link(session, outgoing, now)
        return cause, ""

    async def _hand(self, line: Line, outgoing: Outgoing, letter: Letter) -> Settled | None:
        try:
            receipt = await line.finish(outgoing.address, letter)
        except NotHanded as failed:
            now = self._means.clock.now()
            if failed.handing is Handing.AWAY:
                self._away.add(outgoing.channel)
                return Settled(outgoing.id, "waiting", now, detail=failed.reason, tried=False)
            return self._judged(outgoing, failed, now)
        return Settled(outgoing.id, "sent", self._means.clock.now(), gateway_id=receipt.gateway_id or None)

    def _judged(self, outgoing: Outgoing, failed: NotHanded, now: datetime) -> Settled | None:
        """Say what becomes of a message that was not handed over; nothing when there was no connection at all."""
        match failed.handing:
            case Handing.AWAY:
                log.warning("reminder.channel_away", channel=outgoing.channel, reason=failed.reason)
                self._away.add(outgoing.channel)
                return None
            case Handing.ADDRESS:
                return Settled(outgoing.id, "failed", now, cause="address", detail=failed.reason, hard=True)
            case Handing.REFUSED:
                return Settled(outgoing.id, "failed", now, cause="refused", detail=failed.reason)
            case Handing.UNKNOWN:
                return Settled(outgoing.id, "unknown", now, cause="interrupted", detail=failed.reason)
        settings = self._means.reminder
        if outgoing.attempts + 1 >= settings.attempts:
            return Settled(outgoing.id, "failed", now, cause="gave_up", detail=failed.reason)
        pause = max(float(settings.retry_seconds) * 4**outgoing.attempts, failed.retry_after)
        later = now + timedelta(seconds=pause)
        return Settled(outgoing.id, "waiting", now, cause="later", detail=failed.reason, not_before=later)

    async def _settle(self, *settled: Settled | None) -> None:
        known = [one for one in settled if one is not None]
        if known:
            async with self._means.database.transaction() as session:
                for one in known:
                    await queries.settle(session, one, self._means.reminder.hard_failures)
