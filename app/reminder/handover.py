"""The one commit between a message that is ready and a message that is given away, for all connections that stand there at the moment.

Whoever comes while a commit is under way waits for it and shares the next: nobody waits for a slow connection, and a hundred messages do not
cost a hundred commits. The moment the database has answered, before anything else runs, every message that may leave is noted and given
away; where it does not answer, nothing is.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core import faults
from app.core.db import Session, once_committed
from app.core.faults import ReminderStep
from app.core.handing import Handing, NotHanded
from app.identity import service as identity
from app.identity.service import IssuedLink
from app.reminder import queries
from app.reminder.audience import service as audience
from app.reminder.channels.base import Line
from app.reminder.delivery import Bounds, Outgoing, Settled
from app.reminder.journal import Journal, Progress
from app.reminder.means import SCHEDULE, Means
from app.reminder.plan import Plan


@dataclass(slots=True)
class Asking:
    """A message that is ready on its line, the link in it, and what came of the message before it there.

    Answered by `cause` (empty: it was given away; None: it waits no more), and `refused` if the line had ended.
    """

    outgoing: Outgoing
    line: Line
    link: IssuedLink | None
    before: Settled | None
    cause: str | None = None
    refused: NotHanded | None = None
    claimed_at: datetime | None = None
    ended: BaseException | None = None
    answered: bool = False


class Handover:
    """Marks messages as being sent and gives them away, group by group."""

    def __init__(self, means: Means, wave_id: UUID, plan: Plan, journal: Journal) -> None:
        self._means, self._wave_id, self._plan, self._journal = means, wave_id, plan, journal
        self._turn = asyncio.Lock()
        self._ready: list[Asking] = []

    async def ask(self, asking: Asking) -> None:
        """Have a message claimed and given away if it may leave; raises what kept the database from answering: nothing was given away then."""
        self._ready.append(asking)
        async with self._turn:
            if not asking.answered:
                group, self._ready = self._ready, []
                await self._give_away(group)
        if asking.ended is not None:
            raise asking.ended

    async def settle(self, *settled: Settled | None) -> None:
        """Write down what came of messages."""
        known = [one for one in settled if one is not None]
        if known:
            async with self._means.database.transaction() as session:
                for one in known:
                    await queries.settle(session, one, self._means.reminder.hard_failures)
            for one in known:
                self._journal.forget(one.id)

    async def _give_away(self, group: Sequence[Asking]) -> None:
        now = self._means.clock.now()
        bounds = audience.bounds(self._plan, now, self._means.service.timezone)
        try:
            async with self._means.database.transaction() as session:
                await queries.share_wave(session, self._wave_id)
                for asking in group:
                    self._journal.note((asking.outgoing.id, now), Progress.LOADED)
                await self._claim(session, group, bounds, now)
                faults.reached(ReminderStep.LOADED)
                once_committed(session, lambda: self._hand(group, now))
        except BaseException as error:
            for asking in group:
                asking.ended = error
            raise
        finally:
            for asking in group:
                asking.answered = True
        for asking in group:
            if asking.before is not None:
                self._journal.forget(asking.before.id)
            if asking.cause != "":
                self._journal.forget(asking.outgoing.id)

    async def _claim(self, session: Session, group: Sequence[Asking], bounds: Bounds, now: datetime) -> None:
        before = [asking.before for asking in group if asking.before is not None]
        for settled in before:
            if settled.state != "sent":
                await queries.settle(session, settled, self._means.reminder.hard_failures)
        sent = [settled for settled in before if settled.state == "sent"]
        causes = await queries.claim(session, [asking.outgoing.id for asking in group], bounds, now, sent)
        links = [asking.link for asking in group if asking.link is not None and causes.get(asking.outgoing.id) == ""]
        if links:
            await identity.issue_links(session, SCHEDULE, links, now=now)
        for asking in group:
            asking.cause = causes.get(asking.outgoing.id)

    def _hand(self, group: Sequence[Asking], now: datetime) -> None:
        faults.reached(ReminderStep.MARKED)
        for asking in group:
            if asking.cause == "":
                claim = asking.outgoing.id, now
                asking.claimed_at = now
                try:
                    self._journal.note(claim, Progress.HANDED)
                    asking.line.hand()
                except NotHanded as refused:
                    asking.refused = refused
                except OSError as error:  # a disk that is full: what cannot be noted is not given away
                    asking.refused = NotHanded(Handing.LATER, type(error).__name__)
        faults.reached(ReminderStep.HANDED)
