"""Rate limits of public routes, per address and process: a bucket that refills evenly (one token each 60/n seconds)."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from app.core.errors import TooManyRequests

MOST_KEYS = 50_000  # the oldest is forgotten first, so memory has a bound


class RateLimit:
    """So many requests a minute for each key, all of which may come at once."""

    def __init__(self, per_minute: int, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._burst = float(per_minute)
        self._timer = timer
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Take one token of a key; raise `TooManyRequests` with the seconds to wait when there is none."""
        now = self._timer()
        tokens, at = self._buckets.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            raise TooManyRequests(retry_after=round((1 - tokens) / self._rate) + 1)
        self._buckets[key] = (tokens - 1, now)
        while len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)


@dataclass(frozen=True)
class Limits:
    """The limits of this process, by what they guard."""

    login: RateLimit
    verification: RateLimit
