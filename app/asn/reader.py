"""Starts the reading of a roster in a process of its own and passes on what it writes, a chunk at a time.

The service's memory stays flat whatever is uploaded: a file that takes too much memory or time ends the other process, not this one.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from typing import Any

import structlog

from app.asn.reading import REFUSED, Order
from app.core.schema import ROOT

log = structlog.get_logger()

_CHUNK = 1 << 18
_TOLD = 1 << 20


class ReadingRefused(Exception):
    """The file is no roster, or takes too much; `layout` says what was made of its header, if anything was."""

    def __init__(self, code: str, missing: tuple[str, ...] = (), layout: dict[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.missing = missing
        self.layout = layout


class Reading:
    """A running reading: `tables` says what was found, `chunks()` gives the rows as text for COPY."""

    def __init__(self, process: asyncio.subprocess.Process, tables: list[dict[str, Any]]) -> None:
        self._process = process
        self.tables = tables

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the rows; raises ReadingRefused when the process did not come to a good end."""
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(_CHUNK):
            yield chunk
        await _check_end(self._process)


@asynccontextmanager
async def reading(order: Order) -> AsyncIterator[Reading]:
    """Start a reading; raises ReadingRefused when the file is none. The process is gone when the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.asn.reading",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={"PATH": "", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        limit=_TOLD,
    )
    try:
        async with asyncio.timeout(order.seconds):
            # Through a pipe: it holds keys, which have no business on a disk.
            await _tell(process, json.dumps(asdict(order)).encode())
            assert process.stdout is not None
            head = await process.stdout.readline()
            if not head.endswith(b"\n"):
                await _check_end(process)
            yield Reading(process, json.loads(head))
    except TimeoutError:
        raise ReadingRefused("sheet.too_slow") from None
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _tell(process: asyncio.subprocess.Process, order: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # it ended before; its status says why
        process.stdin.write(order)
        await process.stdin.drain()
    process.stdin.close()


async def _check_end(process: asyncio.subprocess.Process) -> None:
    """Raise ReadingRefused unless the process ended well. One ended by the system asked for more than its bounds."""
    assert process.stderr is not None
    told = await process.stderr.read()
    status = await process.wait()
    if status == 0:
        return
    if status == REFUSED:
        facts = json.loads(told)
        raise ReadingRefused(facts["code"], tuple(facts["missing"]), facts["layout"])
    if status > 0:
        log.error("roster.reading_failed", status=status, told=told.decode("utf-8", "replace")[-2000:])
        raise ReadingRefused("sheet.damaged")
    raise ReadingRefused("sheet.too_slow" if status == -signal.SIGXCPU else "sheet.too_large")
