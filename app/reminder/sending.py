"""Send what a wave still owes: at most once to each person, whatever happens to the process.

For every message, in this order:
1. all of it but its end goes to the other side (SMTP: MAIL, RCPT, DATA and the message without its final dot; a gateway: nothing but whether
   the number is one); a connection that ends here leaves nothing there, by RFC 5321 §4.1.1.4;
2. one transaction (app/reminder/handover.py) for all messages that stand there writes down what came of the ones before, asks whether each may
   still leave (signed in the meantime, paused, cancelled, closed, capped) and marks it `sending`; it is committed;
3. at once, each is noted in the journal (app/reminder/journal.py) and its end is sent (SMTP: the dot; a gateway: the POST);
4. the answer is read and noted, and the outcome is written down with the next message's claim, or at once when there is none.

The next run, which alone holds the turn of sending, judges what a kill left `sending` by the journal: what was not noted in 3 was certainly not
given away and goes out now, what was answered was sent. In doubt is only what was given away and not answered. Such a message has arrived,
unless the server refused it or the kill fell between two system calls; it is marked `unknown`, shown, and not sent again by itself; an
administrator may, and the Message-ID (Idempotency-Key) is the same then. So it is with everything `sending` after a power cut or on another
machine. What the other side refused for the moment (4yz, 429) is tried again within the wave, a bounded number of times.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from app.core.handing import Handing, NotHanded
from app.pledge.models import PledgeRound
from app.reminder import queries
from app.reminder.channels.base import Line
from app.reminder.delivery import Outgoing, Settled
from app.reminder.handover import Asking, Handover
from app.reminder.journal import Journal, Progress
from app.reminder.letters import Letters
from app.reminder.means import Means
from app.reminder.plan import Plan
from app.reminder.quiet_hours import is_quiet

BATCH = 200
log = structlog.get_logger()


class Sending:
    """One run over a wave: which channels answer, and whether it goes on. It holds a batch of messages, whatever the wave's size."""

    def __init__(self, means: Means, wave_id: UUID, pledge_round: PledgeRound, plan: Plan, journal: Journal) -> None:
        self._means, self._wave_id, self._plan = means, wave_id, plan
        self._letters = Letters(means, pledge_round, plan)
        self._journal, self._handover = journal, Handover(means, wave_id, plan, journal)
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
                        await self._handover.settle(before)
            finally:
                if settled is not None:
                    await self._handover.settle(settled)

    async def _send(self, line: Line, outgoing: Outgoing, before: Settled | None) -> Settled | None:
        """Send one message; return what is still to be written down about it."""
        now = self._means.clock.now()
        if is_quiet(now, self._means.service.timezone, self._plan.quiet_from, self._plan.quiet_until):
            self._stopped = True
            return before
        written = await self._letters.write(outgoing)
        if written is None:
            skipped = Settled(outgoing.id, "skipped", now, cause="nothing_to_tell", tried=False)
            await self._handover.settle(before, skipped)
            return None
        try:
            await line.begin(outgoing.address)
            await line.load(outgoing.address, written.letter)
        except NotHanded as refused:
            await self._handover.settle(before, self._judged(outgoing, refused, now))
            return None
        asking = Asking(outgoing, line, written.link, before)
        try:
            await self._handover.ask(asking)
        finally:
            if asking.cause != "" or asking.refused is not None or asking.claimed_at is None:
                await line.abandon()
        if asking.cause != "":
            self._stopped = self._stopped or asking.cause == "paused"
            return None
        return await self._hear(asking)

    async def _to_its_end(self, sending: Coroutine[Any, Any, Settled | None]) -> Settled | None:
        """Told to stop, a worker brings the message it has begun to its end and writes it down: only a kill leaves one in doubt."""
        task = asyncio.create_task(sending)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await self._handover.settle(await task)
            raise

    async def _hear(self, asking: Asking) -> Settled | None:
        outgoing, line = asking.outgoing, asking.line
        try:
            if asking.refused is not None:
                raise asking.refused
            receipt = await line.finish()
        except NotHanded as failed:
            now = self._means.clock.now()
            if failed.handing is Handing.AWAY:
                self._away.add(outgoing.channel)
                return Settled(outgoing.id, "waiting", now, detail=failed.reason, tried=False)
            return self._judged(outgoing, failed, now)
        if asking.claimed_at is not None:
            with suppress(OSError):  # a disk that is full: the database will know it, unless a kill comes first
                self._journal.note((outgoing.id, asking.claimed_at), Progress.TAKEN)
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
