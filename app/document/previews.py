"""Pictures of pages that were drawn lately, kept by the process: each is drawn once, however many ask at the same time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from app.pdf.preview import page_png

MOST_BYTES = 32 << 20


class PreviewShelf:
    """The pictures used last, `most_bytes` of them in all; a picture belongs to a digest, so none is ever out of date."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._pictures: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()
        self._drawing: dict[tuple[bytes, int], asyncio.Task[bytes]] = {}

    async def picture(self, digest: bytes, page: int, load: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return a page as PNG; `load` gives the file and is only called where it must be drawn. IndexError: no such page."""
        key = digest, page
        if (found := self._pictures.get(key)) is not None:
            self._pictures.move_to_end(key)
            return found
        if (drawing := self._drawing.get(key)) is not None:
            return await asyncio.shield(drawing)
        data = await load()
        if (drawing := self._drawing.get(key)) is None:
            drawing = self._drawing[key] = asyncio.create_task(asyncio.to_thread(page_png, data, page))
            drawing.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(drawing)  # who leaves does not stop it for those who wait

    def _finished(self, key: tuple[bytes, int], done: asyncio.Task[bytes]) -> None:
        del self._drawing[key]
        if done.cancelled() or done.exception() is not None:
            return
        picture = done.result()
        self._pictures[key] = picture
        self._bytes += len(picture)
        while self._bytes > self._most_bytes:
            _, oldest = self._pictures.popitem(last=False)
            self._bytes -= len(oldest)
