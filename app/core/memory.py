"""Memory of a process that stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Keep the garbage collector away while a process loads what it consists of, and from all of that afterwards.

    What loads stays, so there is nothing to find; looking for it all the same took a fifth of the time a command needs to begin.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def settle() -> None:
    """Take what is loaded by now out of the garbage collector's rounds.

    Modules, routes and models live as long as the process; looking through all of them again and again made a document a third
    dearer. To be called once, when a process is about to begin its work.
    """
    gc.collect()
    gc.freeze()
