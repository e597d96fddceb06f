"""Where the tests put their files: into memory, where the machine has room for them.

A database is some 800 files. Making and dropping one for every test has ext4 pass over each inode freed in the last minute when it looks
for a free one, which in the middle of a run cost more processor time (0.6 s a database) than most tests do. Nothing tests prove needs a
disk: nobody cuts the power, and what a killed process wrote stays in memory as it stays in the page cache.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

SHARED_MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes that have to be free; a whole run uses a fraction of them. A container's usual 64 MB leave everything on disk."""
PREFIX = "pakta-tests-"


def work_in_memory(config: pytest.Config) -> None:
    """Have this run, its workers and the programs they start keep temporary files in memory; they are removed in the end.

    Whoever names a folder (`TMPDIR`, `--basetemp`) is obeyed.
    """
    if hasattr(config, "workerinput") or "TMPDIR" in os.environ or not SHARED_MEMORY.is_dir():
        return
    for left in SHARED_MEMORY.glob(f"{PREFIX}*"):  # by a run that was killed
        if not Path("/proc", left.name.removeprefix(PREFIX)).exists():
            shutil.rmtree(left, ignore_errors=True)
    if shutil.disk_usage(SHARED_MEMORY).free < ROOM:
        return
    folder = SHARED_MEMORY / f"{PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o700)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
