"""Uploaded rosters, kept only while they are needed: to be read by a job, or to be given back with their bad cells marked.

A roster holds far more about people than the service keeps (UU PDP 27/2022), so the file is private to the service's own account,
goes as soon as nothing in it needs correcting, and in any case after `KEPT_DAYS`.
"""

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

KEPT_DAYS = 14


def place_of(folder: Path, import_id: UUID) -> Path:
    """Return where the file of an import lies, if it does."""
    return folder / str(import_id)


def keep(folder: Path, import_id: UUID, source: Path) -> None:
    """Keep a copy of a file that survives a power cut."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = place_of(folder, import_id)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with source.open("rb") as given, os.fdopen(handle, "wb") as kept:
        shutil.copyfileobj(given, kept, 1 << 20)
        kept.flush()
        os.fsync(kept.fileno())


def forget(folder: Path, import_id: UUID) -> None:
    """Delete the file of an import, if it is there."""
    place_of(folder, import_id).unlink(missing_ok=True)


def sweep(folder: Path, now: datetime) -> int:
    """Delete files whose time is over; return how many."""
    oldest = (now - timedelta(days=KEPT_DAYS)).timestamp()
    old = [path for path in folder.glob("*") if path.stat().st_mtime < oldest] if folder.is_dir() else []
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
