"""Memory of a process that stays."""

import gc


def settle() -> None:
    """Take what is loaded by now out of the garbage collector's rounds.

    Modules, routes and models live as long as the process; looking through all of them again and again made a document a third
    dearer. To be called once, when a process is about to begin its work.
    """
    gc.collect()
    gc.freeze()
