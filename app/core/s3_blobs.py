"""Blobs in a bucket of an S3 server: the contract of `app.core.blobs` by conditional writes (`If-None-Match: *`).

A server that ignores the condition would overwrite, so one is refused at the start: `check` puts the same name twice.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import BackoffConfig

from app.core.blobs import BlobMissing, BlobStoreFailed, BlobTaken, checked_name
from app.core.errors import CannotStart
from app.core.ids import new_id
from app.core.settings import StorageSettings

_TIMEOUT = timedelta(seconds=20)
_BACKOFF: "BackoffConfig" = {
    "init_backoff": timedelta(milliseconds=50),
    "max_backoff": timedelta(seconds=1),
    "base": 2,
}


class S3BlobStore:
    """A bucket, or a folder of one. The server's acknowledgement of a PUT is what durable means here."""

    def __init__(self, settings: StorageSettings) -> None:
        bucket, _, prefix = settings.blobs.removeprefix("s3://").partition("/")
        options: dict[str, Any] = {}
        if settings.s3_endpoint:
            options["endpoint"] = settings.s3_endpoint
        if settings.s3_access_key_id:
            options["access_key_id"] = settings.s3_access_key_id
            options["secret_access_key"] = settings.s3_secret_access_key.get_secret_value()
        self._store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            region=settings.s3_region,
            client_options={
                "timeout": _TIMEOUT,
                "connect_timeout": timedelta(seconds=5),
                "allow_http": settings.s3_endpoint.startswith("http://"),
            },
            retry_config={"max_retries": 5, "retry_timeout": _TIMEOUT, "backoff": _BACKOFF},
            **options,
        )
        self.address = settings.blobs

    async def check(self) -> None:
        """Refuse to start on a server that cannot be reached or would overwrite."""
        name = f"check/{new_id()}"
        try:
            await self.put(name, b"first")
            await self.put(name, b"other")
        except BlobTaken:
            return
        except BlobStoreFailed as failed:
            raise CannotStart(
                f"The document store {self.address} does not answer: {failed.params['reason']}"
            ) from failed
        finally:
            await self._forget(name)
        raise CannotStart(
            f"The document store {self.address} overwrites: it ignores If-None-Match. Use a server that keeps it."
        )

    async def put(self, name: str, data: bytes) -> None:
        """Store bytes under a new name; a write that was repeated after a lost answer finds its own bytes."""
        path = checked_name(name)
        try:
            await obstore.put_async(self._store, path, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            if await self.get(name) != data:
                raise BlobTaken(name=name) from None
        except BaseError as error:
            raise BlobStoreFailed(reason=_short(error)) from error

    async def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Fetch a blob or a range of it."""
        path = checked_name(name)
        if length == 0:
            return b""
        try:
            if length is None:
                found = await obstore.get_async(self._store, path)
                data = bytes(await found.bytes_async())[offset:]
            else:
                data = bytes(await obstore.get_range_async(self._store, path, start=offset, length=length))
        except (FileNotFoundError, NotFoundError):
            raise BlobMissing(name=name) from None
        except BaseError as error:
            raise BlobStoreFailed(reason=_short(error)) from error
        if length is not None and len(data) != length:
            raise BlobMissing(name=name)
        return data

    async def _forget(self, name: str) -> None:
        """Remove the blob of the check; a server that keeps it does no harm."""
        try:
            await obstore.delete_async(self._store, name)
        except (BaseError, FileNotFoundError):
            return


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
