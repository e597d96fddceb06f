"""A process that is killed when its n-th write has become durable."""

import os
import signal
from collections.abc import Callable
from multiprocessing import get_context


def killed_at(step: int, act: Callable[[], object]) -> None:
    """Do `act` in a process of its own that dies (SIGKILL) behind its `step`-th fsync, if it gets there."""
    child = get_context("fork").Process(target=_until, args=(step, act))
    child.start()
    child.join()
    assert child.exitcode in (-signal.SIGKILL, 0)


def _until(step: int, act: Callable[[], object]) -> None:
    real, calls = os.fsync, []

    def fsync(descriptor: int) -> None:
        real(descriptor)
        calls.append(descriptor)
        if len(calls) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = fsync
    act()
