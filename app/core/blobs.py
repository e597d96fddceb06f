"""The durable store of bytes: create-only, named by the caller, never changed afterwards.

Contract: when `put` returns, the bytes survive a power cut. Putting the same bytes under the same name again is no error; other
bytes under a name that is taken raise `BlobTaken`. Nothing is ever overwritten, so a reader needs no lock.
"""

import asyncio
import os
import re
import tempfile
from pathlib import Path
from typing import Protocol

from app.core.errors import AppError, CannotStart, Kind
from app.core.write_once import sync_folder

_NAME = re.compile(r"(?!tmp/)[A-Za-z0-9-]+(?:/[A-Za-z0-9-]+)+")


class BlobTaken(AppError):
    """The name already holds other bytes."""

    kind = Kind.CONFLICT
    code = "blob.taken"


class BlobMissing(AppError):
    """The register names bytes the store does not hold: the store was damaged or restored without its blobs."""

    kind = Kind.UNAVAILABLE
    code = "blob.missing"


class BlobStoreFailed(AppError):
    """The store could not keep the bytes (disk full, folder gone); nothing was named, asking again is safe."""

    kind = Kind.UNAVAILABLE
    code = "blob.failed"


class BlobStore(Protocol):
    """Where documents live."""

    async def check(self) -> None:
        """Raise `CannotStart` for a store that would not keep the contract."""
        ...

    async def put(self, name: str, data: bytes) -> None:
        """Store bytes durably under a new name: words of letters, digits and `-`, at least two, joined by `/`."""
        ...

    async def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a name, or `length` of them from `offset`; raise `BlobMissing`, also when it holds fewer."""
        ...


def checked_name(name: str) -> str:
    """Return a name that leads nowhere else; raises `BlobMissing` for any other."""
    if not _NAME.fullmatch(name):
        raise BlobMissing(name=name)
    return name


class LocalBlobStore:
    """A folder. Temporary file, fsync, hard link (which fails if the name is taken), fsync of the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept_folders: set[Path] = set()  # folders whose own entry is known to be on disk
        try:
            (folder / "tmp").mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise CannotStart(f"The document store {folder} cannot be made: {error.strerror}.") from error

    async def check(self) -> None:
        """Refuse a folder that cannot be written to."""
        if not os.access(self.folder / "tmp", os.W_OK | os.X_OK):
            raise CannotStart(f"The document store {self.folder} cannot be written to by this user.")

    async def put(self, name: str, data: bytes) -> None:
        """Store bytes durably; in a thread, because an fsync takes milliseconds."""
        try:
            await asyncio.to_thread(self._put, name, data)
        except OSError as error:
            raise BlobStoreFailed(reason=error.strerror) from error

    async def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Read from the page cache mostly: not worth a thread."""
        try:
            with self._path(name).open("rb") as file:
                file.seek(offset)
                data = file.read() if length is None else file.read(length)
        except FileNotFoundError:
            raise BlobMissing(name=name) from None
        if length is not None and len(data) != length:
            raise BlobMissing(name=name)
        return data

    def _path(self, name: str) -> Path:
        return self.folder / checked_name(name)

    def _put(self, name: str, data: bytes) -> None:
        target = self._path(name)
        self._keep_folder(target.parent)
        handle, temporary = tempfile.mkstemp(dir=self.folder / "tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, target)
            except FileExistsError:
                if target.read_bytes() != data:
                    raise BlobTaken(name=name) from None
            sync_folder(target.parent)
        finally:
            Path(temporary).unlink()

    def _keep_folder(self, folder: Path) -> None:
        """Make a folder and see that its entry is durable, up to the store's own; another process may have made it just now."""
        if folder in self._kept_folders or folder == self.folder:
            return
        self._keep_folder(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)
        sync_folder(folder.parent)
        self._kept_folders.add(folder)
