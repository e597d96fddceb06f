"""The bytes each signature of a file covers, hashed in one pass: what documents of a template share is hashed once for all."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

RANGE = b"/ByteRange"
_SIGNED = re.compile(RANGE + rb"|/V ")


@dataclass(frozen=True)
class Hole:
    """Where a signature value lies: the bytes of '<…>' are data[start:end], its revision is data[begin:covered]."""

    begin: int
    found: int
    start: int
    end: int
    covered: int


class HashedSoFar(Protocol):
    """A SHA-256 under way."""

    def update(self, data: memoryview, /) -> None:
        """Take more bytes in."""

    def digest(self) -> bytes:
        """The digest so far."""

    def copy(self) -> "HashedSoFar":
        """The same, to go another way from here."""


@dataclass(frozen=True)
class Shared:
    """What is known of the first part once and for all: its length, its SHA-256 state, and how far it is unsigned."""

    length: int
    state: HashedSoFar
    searched: int


@lru_cache(maxsize=16)  # documents of one template begin with the very same bytes
def shared(part: bytes) -> Shared:
    """What is known of a first part."""
    found = _SIGNED.search(part)
    return Shared(len(part), sha256(part), found.start() if found else max(0, len(part) - len(RANGE)))


def digests(data: bytes, holes: Sequence[Hole], shared: Shared) -> Iterator[bytes]:
    """SHA-256 over each range, all bytes read little more than once: the state before each hole is copied."""
    inside = shared.length <= holes[0].start
    view, state, done = memoryview(data), shared.state.copy() if inside else sha256(), shared.length if inside else 0
    for hole in holes:
        state.update(view[done : hole.start])
        whole = state.copy()
        whole.update(view[hole.end : hole.covered])
        yield whole.digest()
        done = hole.start
