"""Figures as they change: one look at the counters a second in each process, shared by everybody who listens there."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.compliance import counting, queries
from app.compliance.errors import TooManyListeners
from app.compliance.figure import Row
from app.core.clock import Clock
from app.core.db import Database, Session
from app.core.principal import Scope
from app.pledge import service as pledge

log = structlog.get_logger()

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_SIGNS_OF_LIFE = 15.0
SECONDS_OF_A_STREAM = 300.0
MOST_LISTENERS = 200
LIVE = ("opening", "open")


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look saw: the agencies' figures, and the number that names them."""

    version: str
    status: str
    closes_at: datetime
    at: datetime
    agencies: list[Row]


@dataclass
class _Watched:
    listeners: int = 0
    sight: Sight | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, sight: Sight) -> None:
        """Hand out what was seen, and wake whoever waits for it."""
        self.sight, woken, self.changed = sight, self.changed, asyncio.Event()
        woken.set()


class LiveFigures:
    """The rounds somebody listens to in this process. It looks only while somebody does."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        most: int = MOST_LISTENERS,
        pause: float = SECONDS_BETWEEN_LOOKS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._most = most
        self._pause = pause
        self._watched: dict[UUID, _Watched] = {}
        self._looking: asyncio.Task[None] | None = None
        self.looks = 0

    @property
    def listeners(self) -> int:
        """How many listen in this process."""
        return sum(watched.listeners for watched in self._watched.values())

    def require_room(self) -> None:
        """Raise `TooManyListeners` when every place is taken."""
        if self.listeners >= self._most:
            raise TooManyListeners(retry_after=10)

    @contextmanager
    def listening(self, round_id: UUID) -> Iterator[_Watched]:
        """Take a place among the listeners; raises `TooManyListeners`. The last one to leave ends the looking."""
        self.require_room()
        watched = self._watched.setdefault(round_id, _Watched())
        watched.listeners += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield watched
        finally:
            watched.listeners -= 1
            if not watched.listeners:
                del self._watched[round_id]
            if not self._watched and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def sights(
        self,
        round_id: UUID,
        *,
        quiet: float = SECONDS_BETWEEN_SIGNS_OF_LIFE,
        lasting: float = SECONDS_OF_A_STREAM,
    ) -> AsyncIterator[Sight | None]:
        """Yield what is seen now and whenever it has changed; None as a sign of life when it has not for a while.

        Ends when the round is no longer open, and after a while, so that a server that stops need not wait for its listeners.
        """
        ends = time.monotonic() + lasting
        with self.listening(round_id) as watched:
            seen: Sight | None = None
            while seen is None or time.monotonic() < ends:
                changed, sight = watched.changed, watched.sight
                if sight is not None and sight is not seen:
                    seen = sight
                    yield sight
                    if sight.status not in LIVE:
                        return
                    continue
                try:
                    async with asyncio.timeout(quiet if seen is None else min(quiet, ends - time.monotonic())):
                        await changed.wait()
                except TimeoutError:
                    yield None

    async def _look(self) -> None:
        while True:
            began = time.monotonic()
            with suppress(KeyError):  # the last listener of a round left meanwhile
                await self._look_once()
            await asyncio.sleep(max(0.0, self._pause - (time.monotonic() - began)))

    async def _look_once(self) -> None:
        self.looks += 1
        try:
            async with self._database.transaction() as session:
                for round_id in list(self._watched):
                    before = self._watched[round_id].sight
                    sight = await see(session, round_id, before, self._clock.now())
                    if sight is not before:
                        self._watched[round_id].show(sight)
        except (SQLAlchemyError, psycopg.Error, OSError) as error:
            log.warning("live.look_failed", reason=type(error).__name__)


async def see(session: Session, round_id: UUID, before: Sight | None, now: datetime) -> Sight:
    """Look at a round; the same sight as before when nothing has changed, which costs a few rows."""
    standing = await counting.bring_up(session, round_id, now=now)
    version = f"{standing.visible}.{standing.tree}.{standing.status}"
    if before is not None and before.version == version:
        return before
    pledge_round = await pledge.get_round(session, round_id)
    found = await queries.live_figures(session, round_id, "opd", Scope(), None)
    return Sight(version, pledge_round.status, pledge_round.closes_at, now, found.groups)
