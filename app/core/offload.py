"""Work of the processor, on the event loop while it is short and in a thread when it is not."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
FEW = 4  # documents, a millisecond each


async def offload(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do the work on `size` documents: a few here, since a thread would wait longer for the interpreter than they take."""
    return work(*args, **kwargs) if size <= FEW else await asyncio.to_thread(work, *args, **kwargs)
