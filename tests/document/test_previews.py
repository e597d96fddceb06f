"""Pictures of pages are drawn once, kept within bounds, and small enough for a phone."""

import asyncio

import pytest

from app.document import previews
from app.document.previews import PreviewShelf
from tests.signing.opened_round import OpenedRound


class Drawings:
    """Counts what is drawn; a document of so many bytes gives a picture of so many."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.drawn: list[tuple[bytes, int]] = []
        monkeypatch.setattr(previews, "page_png", self.draw)

    def draw(self, data: bytes, page: int) -> bytes:
        self.drawn.append((data, page))
        if page > 1:
            raise IndexError(page)
        return data

    @staticmethod
    def loading(data: bytes):
        async def load() -> bytes:
            await asyncio.sleep(0)
            return data

        return load


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> Drawings:
    return Drawings(monkeypatch)


async def test_a_crowd_that_asks_at_once_is_shown_one_drawing(drawings: Drawings) -> None:
    shelf = PreviewShelf()
    load = drawings.loading(b"page")
    assert set(await asyncio.gather(*(shelf.picture(b"d", 1, load) for _ in range(20)))) == {b"page"}
    assert await shelf.picture(b"d", 1, load) == b"page"
    assert len(drawings.drawn) == 1


async def test_the_picture_used_longest_ago_makes_room(drawings: Drawings) -> None:
    shelf = PreviewShelf(most_bytes=25)
    for name in (b"a", b"b", b"a", b"c", b"a", b"b"):
        await shelf.picture(name, 1, drawings.loading(name * 10))
    assert [data[:1] for data, _ in drawings.drawn] == [b"a", b"b", b"c", b"b"]
    assert shelf._bytes == sum(map(len, shelf._pictures.values())) <= 25


async def test_a_page_that_is_not_there_fails_for_all_and_is_not_kept(drawings: Drawings) -> None:
    shelf = PreviewShelf()
    asked = [shelf.picture(b"d", 2, drawings.loading(b"page")) for _ in range(3)]
    assert all(isinstance(found, IndexError) for found in await asyncio.gather(*asked, return_exceptions=True))
    with pytest.raises(IndexError):
        await shelf.picture(b"d", 2, drawings.loading(b"page"))
    assert len(drawings.drawn) == 2


async def test_who_leaves_does_not_stop_the_drawing_for_the_others(drawings: Drawings) -> None:
    shelf = PreviewShelf()
    leaving, staying = (asyncio.create_task(shelf.picture(b"d", 1, drawings.loading(b"page"))) for _ in range(2))
    while not shelf._drawing:
        await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == b"page"
    assert len(drawings.drawn) == 1


async def test_a_page_at_phone_width_is_small(a_round: OpenedRound) -> None:
    device, receipts = await a_round.signed()
    for receipt in receipts:
        reply = await device._request("GET", f"/documents/{receipt['id']}/pages/1.png", None)
        assert len(reply.content) <= 60_000
