"""The database's connections in a process: few of them, and one line before them."""

import asyncio
import time
from collections import deque
from functools import cached_property

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_
from sqlalchemy.util.queue import AsyncAdaptedQueue

from app.core.errors import ServiceBusy

PATIENT_SECONDS = 2.0  # how long nothing is given back before a further connection is opened
BUSY_SECONDS = 30.0  # longest wait for a connection


class Line(asyncio.LifoQueue[ConnectionPoolEntry]):
    """What rests is taken newest first; when nothing rests, what is given back goes to whoever has waited longest.

    asyncio's own queues wake whoever waits and let anybody who asks meanwhile take what they were woken for: in a crowd most are served
    at once and a few wait for seconds.
    """

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        self._waiting: deque[asyncio.Future[ConnectionPoolEntry]] = deque()

    def stand(self) -> asyncio.Future[ConnectionPoolEntry]:
        """Stand in the line; who does not take what the future brings has to `leave`."""
        turn: asyncio.Future[ConnectionPoolEntry] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        return turn

    def leave(self, turn: asyncio.Future[ConnectionPoolEntry]) -> None:
        """Leave the line; what came in the very moment goes to the next."""
        if turn.done():
            self.put_nowait(turn.result())
        else:
            self._waiting.remove(turn)

    def get_nowait(self) -> ConnectionPoolEntry:
        """Take what rests, unless somebody stands in line for it."""
        if self._waiting:
            raise asyncio.QueueEmpty
        return super().get_nowait()

    def put_nowait(self, item: ConnectionPoolEntry) -> None:
        """Give back."""
        if self._waiting:
            self._waiting.popleft().set_result(item)
        else:
            super().put_nowait(item)


class _Queue(AsyncAdaptedQueue[ConnectionPoolEntry]):
    """The line as SQLAlchemy's pools use one; made on first use, since it belongs to an event loop."""

    @cached_property
    def line(self) -> Line:
        """The connections that rest, and whoever waits for one."""
        return Line(self.maxsize)

    @property
    def _queue(self) -> Line:
        return self.line


class Pool(AsyncAdaptedQueuePool):
    """Few connections, the one used last taken first; whoever waits too long for one is told to come again.

    The usual pool opens a further connection as soon as all are taken, so that a crowd has the database do everything at once: three
    connections carried a third more people a second than twenty, since what is at work stays in the processor's caches and every
    statement is prepared soon. Here a further one is opened only when none was given back for a while: what holds them is no crowd
    then, but long.
    """

    _queue_class = _Queue
    _given_back = -PATIENT_SECONDS

    def _do_get(self) -> ConnectionPoolEntry:
        if self.overflow() >= 0:
            line: Line = self._pool.line  # type: ignore[attr-defined]
            try:
                return line.get_nowait()
            except asyncio.QueueEmpty:
                found: ConnectionPoolEntry | None = await_(self._in_turn(line))
            if found is not None:
                return found
        return super()._do_get()

    async def _in_turn(self, line: Line) -> ConnectionPoolEntry | None:
        """Return what the line brings, or None when a further connection is to be opened instead."""
        since, taken, turn = time.monotonic(), False, line.stand()
        try:
            while not turn.done():
                await asyncio.wait({turn}, timeout=PATIENT_SECONDS)
                now = time.monotonic()
                if turn.done():
                    break
                if now - self._given_back >= PATIENT_SECONDS and self._overflow < self._max_overflow:
                    return None
                if now - since >= self._timeout:
                    raise ServiceBusy
            taken = True
            return turn.result()
        finally:
            if not taken:
                line.leave(turn)

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        self._given_back = time.monotonic()
        super()._do_return_conn(record)
