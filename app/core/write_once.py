"""A small file made on first use and never again: whole or not there, and whoever comes second reads what the first one wrote."""

import os
import tempfile
from pathlib import Path


def keep_once(path: Path, content: bytes) -> bytes:
    """Write `content` to `path` (0600) unless the file is there; return what the file holds.

    Temporary file, fsync, hard link, fsync of the folder: a kill at any point leaves no half a file, and of two processes one wins.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _link(Path(temporary), path)
        finally:
            Path(temporary).unlink()
    return path.read_bytes()


def _link(temporary: Path, path: Path) -> None:
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
