"""What groups of processes cost: seconds of processor time and memory, read from /proc (proc(5)); Linux only."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _OWN, _REAPED = 1, slice(11, 13), slice(13, 15)  # places behind the program's name in /proc/PID/stat


class ProcessTimes:
    """Named groups of processes, each the roots and everything below them."""

    def __init__(self, roots: Mapping[str, Sequence[int]]) -> None:
        self._roots = roots

    def seconds(self) -> dict[str, float]:
        """Processor seconds of each group so far; of a child that ended its parent keeps them."""
        return {name: sum(map(_seconds, self._members(roots))) for name, roots in self._roots.items()}

    def memory(self, name: str) -> float:
        """Memory of a group in MB: what is the processes' own, so that shared pages are not counted twice (PSS is not for everybody)."""
        return round(sum(map(_private_mb, self._members(self._roots[name]))), 1)

    def _members(self, roots: Sequence[int]) -> Iterator[int]:
        children = defaultdict(list)
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and (fields := _stat(int(folder.name))):
                children[int(fields[_PARENT])].append(int(folder.name))
        waiting = list(roots)
        while waiting:
            pid = waiting.pop()
            waiting += children[pid]
            yield pid


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _seconds(pid: int) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[_OWN] + fields[_REAPED])) / _TICKS if fields else 0.0


def _private_mb(pid: int) -> float:
    with suppress(OSError):
        try:
            told = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except PermissionError:  # of a process kept out of dumps root alone may read that
            told = Path(f"/proc/{pid}/status").read_text()
        private = ("Private_Clean:", "Private_Dirty:", "RssAnon:")
        return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith(private)) / 1024
    return 0.0
