"""The driver's connection, waiting for the database at less cost.

psycopg asks the event loop for each answer anew: watch this socket, wake me after a while in case somebody pressed Ctrl-C, forget both. Nearly
every wait is for one thing, that an answer can be read. For that the socket stays watched from one statement to the next, and a wait is
one future. All else is left to psycopg: writing a statement the socket does not take at once, and what an interruption asks for.
"""

import asyncio
from collections.abc import Generator
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.waiting import Ready, Wait

T = TypeVar("T")
_Talk = Generator[Wait, Ready | int, T]
"""A conversation with the server: it yields what it wants to wait for, is sent what there is, and returns what came of it."""
_UNWATCHED = -1


class Connection(AsyncConnection[Any]):
    """A connection of one event loop."""

    _watched = _UNWATCHED
    _waiting: asyncio.Future[None] | None = None

    async def wait(self, gen: _Talk[T], interval: float = 0.1, timeout: float | None = None) -> T:  # noqa: ASYNC109 - psycopg's signature
        """Carry a conversation out; as psycopg's own."""
        try:
            wants = next(gen)
        except StopIteration as said:  # nothing to wait for; others get a turn now and then all the same
            return await super().wait(_Rest(gen, over=said), interval, timeout)
        try:
            while wants == Wait.R and timeout is None:
                await self._readable()
                wants = gen.send(Ready.R)
        except StopIteration as said:
            answer: T = said.value
            return answer
        except (asyncio.CancelledError, KeyboardInterrupt) as interruption:
            self._unwatch()
            return await super().wait(_Rest(gen, wants, interruption), interval)
        except BaseException:
            self._unwatch()  # what failed may have closed the socket, and its number may be another's soon
            raise
        self._unwatch()
        return await super().wait(_Rest(gen, wants), interval, timeout)

    async def close(self) -> None:
        """Close the connection."""
        self._unwatch()
        await super().close()

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        if self._watched == _UNWATCHED:
            self._watched = self.pgconn.socket
            loop.add_reader(self._watched, self._heard)
        self._waiting = loop.create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _heard(self) -> None:
        if self._waiting is None:  # words nobody asked for, a farewell mostly: they stay readable until somebody asks
            self._unwatch()
        elif not self._waiting.done():
            self._waiting.set_result(None)

    def _unwatch(self) -> None:
        if self._watched != _UNWATCHED:
            watched, self._watched = self._watched, _UNWATCHED
            asyncio.get_running_loop().remove_reader(watched)


class _Rest(_Talk[T]):
    """What is left of a conversation: after an interruption that is told first, or from what it wants next, or nothing any more."""

    def __init__(
        self,
        talk: _Talk[T],
        wants: Wait | None = None,
        interruption: BaseException | None = None,
        *,
        over: StopIteration | None = None,
    ) -> None:
        self._talk, self._wants = talk, wants
        self._first = interruption or over

    def send(self, ready: Ready | int) -> Wait:
        """Go on with what there is."""
        if self._first is not None:
            first, self._first = self._first, None
            raise first
        if self._wants is not None:
            wants, self._wants = self._wants, None
            return wants
        return self._talk.send(ready)

    def throw(self, *error: Any) -> Wait:
        """Go on with an error."""
        return self._talk.throw(*error)
