"""Has the correction workbook of an import made, in a process of its own with bounds on memory and time."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.asn.correction_book import Mark
from app.asn.errors import FileRefused
from app.core.schema import ROOT
from app.core.settings import LimitSettings


async def write(
    source: Path, target: Path, tables: Sequence[dict[str, Any]], marks: Sequence[Mark], limits: LimitSettings
) -> None:
    """Write the workbook; raises `FileRefused` when that takes more memory or time than the limits allow."""
    order = {
        "source": str(source),
        "target": str(target),
        "tables": tables,
        "marks": [asdict(mark) for mark in marks],
        "memory_mb": limits.roster_memory_mb,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(order, file)
        file.flush()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app.asn.correction_book",
            file.name,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=ROOT,
            env={"PATH": "", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        try:
            status = await asyncio.wait_for(process.wait(), limits.roster_seconds)
        except TimeoutError:
            raise FileRefused("sheet.too_slow") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if status:
        raise FileRefused("sheet.too_large")
