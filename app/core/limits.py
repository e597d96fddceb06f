"""Rate limits, per key and process: a bucket that refills evenly (one token each 60/n seconds); and what a caller is told of them.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy: "person";q=300;w=60` says what is allowed, and
`RateLimit: "person";r=299;t=1` what is left and in how many seconds the bucket is full again.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import TooManyRequests

MOST_KEYS = 50_000  # the oldest is forgotten first, so memory has a bound
WINDOW = 60  # seconds
_STATE = "allowance"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key has left of a limit: whole requests, and seconds until it has all of them again."""

    policy: str
    quota: int
    remaining: int
    seconds: int


class RateLimit:
    """So many requests a minute for each key, all of which may come at once."""

    def __init__(
        self, per_minute: int, *, policy: str = "default", timer: Callable[[], float] = time.monotonic
    ) -> None:
        self.policy = policy
        self._quota = per_minute
        self._rate = per_minute / WINDOW
        self._burst = float(per_minute)
        self._timer = timer
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> Allowance:
        """Take one token of a key and return what is left; raise `TooManyRequests` with the seconds to wait when there is none."""
        now = self._timer()
        tokens, at = self._buckets.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            raise TooManyRequests(retry_after=round((1 - tokens) / self._rate) + 1)
        self._buckets[key] = (tokens - 1, now)
        while len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)
        return self._told(tokens - 1)

    def spend(self, request: Request, key: str) -> None:
        """Take one token of a key, and have the answer say what is left; raise `TooManyRequests`."""
        request.scope.setdefault("state", {})[_STATE] = self._told(0)
        request.scope["state"][_STATE] = self.take(key)

    def _told(self, tokens: float) -> Allowance:
        return Allowance(self.policy, self._quota, int(tokens), ceil((self._burst - tokens) / self._rate))


@dataclass(frozen=True)
class Limits:
    """The limits of this process, by what they guard."""

    login: RateLimit
    verification: RateLimit
    token: RateLimit
    person: RateLimit
    challenge: RateLimit = field(default_factory=lambda: RateLimit(1200))


class LimitHeaders:
    """ASGI middleware that tells a caller what is left of the limit that was asked last."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to the start of an answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start" and (left := state.get(_STATE)) is not None:
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = f'"{left.policy}";q={left.quota};w={WINDOW}'
                headers["RateLimit"] = f'"{left.policy}";r={left.remaining};t={left.seconds}'
            await send(message)

        await self._app(scope, receive, tell)
