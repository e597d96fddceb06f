"""How far this process is with the messages under way, in a file: what is left to judge them by when it is killed.

A kill takes the process and not the kernel: what was written to a file is there afterwards, fsync or not. A power cut takes both, and another
machine never had it. So an entry counts within the boot it was written in only (Linux's boot_id), and for the one claim it is of, known by
message and time. Without a word from here a message that was being sent is in doubt.

A living process holds the file's lock as long as it may give anything away: nobody judges its messages meanwhile.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from uuid import UUID, uuid4

NAME = "reminders-under-way"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_ENTRY = struct.Struct("<16sqB7x")  # message, microseconds since 1970 of its claim, progress
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Claim = tuple[UUID, datetime]


class Progress(IntEnum):
    """How far a message got; what is below `HANDED` was certainly not given away."""

    LOADED = 1
    HANDED = 2
    TAKEN = 3


class Journal:
    """The file, open and locked. `left` is what the process before this one left in it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._boot = descriptor, _boot()
        self._places: dict[UUID, int] = {}
        self._free: list[int] = []
        self.left = dict(self._read())

    def begin(self) -> None:
        """Forget what was left: it is settled."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, self._boot, 0)
        self._places, self._free, self.left = {}, [], {}

    def note(self, claim: Claim, progress: Progress) -> None:
        """Write how far a message is: one system call, which a kill finds done or not begun. Raises OSError on a full disk."""
        message, at = claim
        place = self._places.get(message)
        if place is None:
            place = self._free.pop() if self._free else len(self._places)
            self._places[message] = place
        entry = _ENTRY.pack(message.bytes, (at - _EPOCH) // _MICROSECOND, progress)
        os.pwrite(self._descriptor, entry, len(self._boot) + place * _ENTRY.size)

    def forget(self, message: UUID) -> None:
        """Let the next one have a message's place: what came of it is committed, and the entry means nothing any more."""
        place = self._places.pop(message, None)
        if place is not None:
            self._free.append(place)

    def _read(self) -> Iterator[tuple[Claim, Progress]]:
        size = os.fstat(self._descriptor).st_size
        data = os.pread(self._descriptor, size, 0)
        if data[: len(self._boot)] != self._boot:
            return
        body = data[len(self._boot) :]
        for message, at, progress in _ENTRY.iter_unpack(body[: len(body) // _ENTRY.size * _ENTRY.size]):
            with suppress(ValueError, OverflowError):  # a place that was never filled
                yield (UUID(bytes=message), _EPOCH + at * _MICROSECOND), Progress(progress)


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal | None]:
    """Yield the journal of a data folder; None while another living process holds it."""
    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield Journal(descriptor)
    finally:
        os.close(descriptor)


def _boot() -> bytes:
    """Return what names this boot of the machine, 16 bytes; where nothing does, something that no later process will name."""
    try:
        return UUID(_BOOT_ID.read_text().strip()).bytes
    except (OSError, ValueError):
        return uuid4().bytes
