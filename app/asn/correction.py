"""Has the correction workbook of an import made, in a process of its own with bounds on memory and time."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from app.asn.correction_book import Mark
from app.asn.errors import FileRefused
from app.core.schema import ROOT
from app.core.settings import LimitSettings


async def write(
    source: Path,
    target: Path,
    tables: Sequence[dict[str, Any]],
    marks: AsyncIterator[Mark],
    limits: LimitSettings,
    nik_key: str,
) -> None:
    """Write the workbook, marks passed on as they come; raises `FileRefused` when that takes more memory or time than the limits allow."""
    order = {
        "source": str(source),
        "target": str(target),
        "tables": tables,
        "memory_mb": limits.roster_memory_mb,
        "nik_key": nik_key,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.asn.correction_book",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={"PATH": "", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        async with asyncio.timeout(limits.roster_seconds):
            await _tell(process, order, marks)
            status = await process.wait()
    except TimeoutError:
        raise FileRefused("sheet.too_slow") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status:
        raise FileRefused("sheet.too_large")


async def _tell(process: asyncio.subprocess.Process, order: dict[str, Any], marks: AsyncIterator[Mark]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # it ended before; its status says so
        process.stdin.write(json.dumps(order).encode() + b"\n")
        async for mark in marks:
            process.stdin.write(json.dumps(astuple(mark)).encode() + b"\n")
            await process.stdin.drain()
    process.stdin.close()
