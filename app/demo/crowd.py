"""Many people signing at once: their devices run in processes of their own, two by default."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence

from app.demo.city import DemoFailed


async def sign(
    links: Sequence[dict[str, str]], done: Callable[[], None], *, url: str | None, processes: int | None = None
) -> None:
    """Let everybody sign; `done` is called once a person. With a URL they use that server, else applications of their own.

    Raises `DemoFailed` with the last words of a process that failed.
    """
    count = min(processes or os.cpu_count() or 1, max(1, len(links) // 20))
    async with asyncio.TaskGroup() as group:
        for i in range(count):
            group.create_task(_process(links[i::count], done, url))


async def _process(links: Sequence[dict[str, str]], done: Callable[[], None], url: str | None) -> None:
    arguments = [sys.executable, "-m", "app.demo.signers", *([url] if url else [])]
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PAKTA_JOBS": "false"},  # the application that counts them seals; these only sign
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    words = asyncio.create_task(process.stderr.read())
    process.stdin.write(json.dumps(list(links)).encode())
    process.stdin.close()
    try:
        async for line in process.stdout:
            if line == b".\n":
                done()
    except asyncio.CancelledError:
        process.terminate()
        raise
    if await process.wait():
        raise DemoFailed((await words).decode(errors="replace")[-1500:])
