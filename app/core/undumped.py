"""A process that leaves no core dump: its memory holds passphrases, NIKs and keys while it works with them."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def keep_out_of_dumps() -> None:
    """Let a crash of this process leave nothing of its memory, and no other process of its user look into it.

    The limit of size is for files (setrlimit(2)); a collector that is piped to, as systemd's, ignores it, and there Linux's
    PR_SET_DUMPABLE says no (core(5), prctl(2)). Programs started from here are dumpable again but keep the limit.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
