"""Uploaded rosters, kept only while they are needed: to be read by a job, or to be given back with their bad cells marked.

A roster holds far more about people than the service keeps (UU PDP 27/2022), NIKs among it. So the file lies there sealed (`app.asn.sealed_file`),
goes as soon as nothing in it needs correcting, and in any case after `KEPT_DAYS`. While it is read it is a file without a name, which
goes with the process. The workbook made of it is kept the same way.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from app.asn import sealed_file
from app.asn.errors import UploadGone
from app.asn.nik.sealing import KEY_ID, NikKey, SealBroken
from app.core.write_once import sync_folder

KEPT_DAYS = 14


@dataclass(frozen=True, slots=True)
class UploadFolder:
    """Where uploads lie, and the keys they are sealed with: the first seals, any opens."""

    path: Path
    keys: tuple[NikKey, ...]

    def keep(self, import_id: UUID, source: Path, kind: str = "") -> None:
        """Keep a sealed copy of a file that survives a power cut; `kind` names what was made of it."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{import_id}{kind}"
        fresh = self.path / f"{name}.{os.urandom(6).hex()}.new"
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with source.open("rb") as given, os.fdopen(handle, "wb") as kept:
                sealed_file.seal(given, kept, self.keys[0], name)
                kept.flush()
                os.fsync(kept.fileno())
            fresh.replace(self.path / name)
            sync_folder(self.path)  # the row that speaks of the file is committed after this
        finally:
            fresh.unlink(missing_ok=True)

    def has(self, import_id: UUID, kind: str = "") -> bool:
        """Whether a file is kept."""
        return (self.path / f"{import_id}{kind}").exists()

    def chunks(self, import_id: UUID, kind: str = "") -> Iterator[bytes]:
        """Yield what is kept; raises `UploadGone` where it is not, or no key given opens it."""
        name = f"{import_id}{kind}"
        try:
            with (self.path / name).open("rb") as kept:
                yield from sealed_file.opened(kept, {key.id: key for key in self.keys}, name)
        except (FileNotFoundError, SealBroken):
            raise UploadGone from None

    @asynccontextmanager
    async def opened(self, import_id: UUID) -> AsyncIterator[Path]:
        """Give the way to an opened copy that lasts as long as the block; raises `UploadGone`."""
        if not self.has(import_id):
            raise UploadGone
        with nameless(self.path) as path:
            await asyncio.to_thread(self._copy, import_id, path)
            yield path

    def _copy(self, import_id: UUID, target: Path) -> None:
        with target.open("wb") as file:
            file.writelines(self.chunks(import_id))

    def forget(self, import_id: UUID, kinds: str = "*") -> None:
        """Delete the file of an import with what was made of it, or kinds of the latter, if they are there."""
        for path in self.path.glob(f"{import_id}{kinds}"):
            path.unlink(missing_ok=True)

    def sweep(self, now: datetime) -> int:
        """Delete files whose time is over, and what has lain there for an hour that no key given opens; return how many."""
        oldest, settled = ((now - span).timestamp() for span in (timedelta(days=KEPT_DAYS), timedelta(hours=1)))
        files = [(path, path.stat().st_mtime) for path in self.path.glob("*")] if self.path.is_dir() else []
        old = [path for path, at in files if at < oldest or (at < settled and not self._sealed(path))]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _sealed(self, path: Path) -> bool:
        with path.open("rb") as kept:
            return kept.read(KEY_ID) in {key.id for key in self.keys}


@contextmanager
def nameless(folder: Path | None = None) -> Iterator[Path]:
    """Give the way to an empty file that stands in no folder: other processes can open it, and it goes with this one."""
    with tempfile.TemporaryFile(dir=folder) as file:
        yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")
