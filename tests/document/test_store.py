"""The store of revisions: packed, append-only, byte-exact; its dictionaries are made once, and their loss is noticed."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core.blobs import BlobMissing, BlobStore, LocalBlobStore
from app.core.db import Database
from app.document import store
from app.document.models import Document, DocumentRevision
from app.document.store import NewRevision, PlacedRevision, dictionary_blob
from tests.signing.acts import refusal
from tests.signing.opened_round import OpenedRound

PREFIX = "ab" * 32
TAIL = b"1 0 obj\n<" + bytes(range(256)).hex().encode() * 40 + b">\nendobj\n"


def new(number: int, data: bytes, prefix: str = PREFIX) -> NewRevision:
    return NewRevision(UUID(int=number), prefix, 0, "signed", data)


async def read_back(
    blobs: BlobStore, rows: Sequence[PlacedRevision], prefix: str = PREFIX
) -> dict[UUID, tuple[bytes, ...]]:
    documents = [Document(id=row.document_id, prefix=prefix) for row in rows]
    return await store.read(blobs, documents, [DocumentRevision(**row._asdict()) for row in rows])


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobStore:
    return LocalBlobStore(tmp_path / "blobs")


async def test_many_revisions_lie_in_one_blob_and_come_back_one_by_one(blobs: LocalBlobStore) -> None:
    tails = [TAIL.replace(b"1 0", b"%d 0" % n) for n in range(20)]
    rows = await store.keep(blobs, [new(n, tail) for n, tail in enumerate(tails)])
    assert len({row.blob for row in rows}) == 1
    assert await read_back(blobs, rows) == {UUID(int=n): (tail,) for n, tail in enumerate(tails)}
    assert max(row.length for row in rows) < 200
    assert await read_back(blobs, rows[7:8]) == {UUID(int=7): (tails[7],)}


async def test_what_was_stored_unpacked_is_still_served(blobs: LocalBlobStore) -> None:
    await blobs.put("pack/old", b"xx" + TAIL)
    row = PlacedRevision(UUID(int=1), 0, "signed", "pack/old", 2, len(TAIL))
    assert await read_back(blobs, [row]) == {UUID(int=1): (TAIL,)}


async def test_writers_that_make_a_dictionary_at_once_agree_on_one(blobs: LocalBlobStore) -> None:
    tails = [TAIL + b"%d" % n for n in range(8)]
    kept = await asyncio.gather(*(store.keep(blobs, [new(n, tail)]) for n, tail in enumerate(tails)))
    for n, rows in enumerate(kept):
        assert await read_back(blobs, rows) == {UUID(int=n): (tails[n],)}
    assert len(list((blobs.folder / "dictionary" / PREFIX).iterdir())) == 1


async def test_a_writer_that_lost_the_race_packs_with_the_dictionary_of_the_winner(tmp_path: Path) -> None:
    class Late(LocalBlobStore):
        """Sees no dictionary until it has tried to put one: as when another process puts it in between."""

        tried = False

        async def get(self, name, offset=0, length=None):
            if name.startswith("dictionary/") and not self.tried:
                raise BlobMissing(name=name)
            return await super().get(name, offset, length)

        async def put(self, name, data):
            self.tried = True
            await super().put(name, data)

    first, late = LocalBlobStore(tmp_path / "blobs"), Late(tmp_path / "blobs")
    await store.keep(first, [new(1, TAIL)])
    rows = await store.keep(late, [new(2, TAIL + b"late")])
    assert await read_back(first, rows) == {UUID(int=2): (TAIL + b"late",)}


async def test_the_dictionary_is_durable_before_the_first_entry_that_needs_it(tmp_path: Path) -> None:
    class Dying(LocalBlobStore):
        """Dies when the first pack is put."""

        async def put(self, name, data):
            if name.startswith("pack/"):
                raise KeyboardInterrupt
            await super().put(name, data)

    with pytest.raises(KeyboardInterrupt):
        await store.keep(Dying(tmp_path / "blobs"), [new(1, TAIL)])
    survivor = LocalBlobStore(tmp_path / "blobs")
    assert await survivor.get(dictionary_blob(PREFIX, "signed"))
    rows = await store.keep(survivor, [new(1, TAIL)])
    assert await read_back(survivor, rows) == {UUID(int=1): (TAIL,)}


async def revisions_of(a_round: OpenedRound, document_id: str) -> list[DocumentRevision]:
    statement = select(DocumentRevision).where(DocumentRevision.document_id == UUID(document_id))
    async with a_round.service.held.get(Database).transaction() as session:
        return list((await session.execute(statement.order_by(DocumentRevision.number))).scalars())


async def test_a_document_with_signer_seal_and_archive_takes_less_than_twelve_kilobytes(a_round: OpenedRound) -> None:
    await a_round.signed()  # this one makes the dictionaries
    device, receipts = await a_round.signed()
    await a_round.service.run_jobs()
    for receipt in receipts:
        revisions = await revisions_of(a_round, receipt["id"])
        assert [r.kind for r in revisions] == ["signed", "sealed"]
        assert sum(r.length for r in revisions) < 12_000
        facts = await device._call("GET", f"/documents/{receipt['id']}")
        data = await device.download(receipt["id"])
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (facts["sha256"], facts["size"])


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[::-1]), "document.store_damaged"),
        (lambda path: path.unlink(), "blob.missing"),
    ],
)
async def test_a_damaged_or_missing_dictionary_is_noticed_and_not_served(a_round: OpenedRound, damage, code) -> None:
    device, receipts = await a_round.signed()
    kept = a_round.service.held.get(BlobStore).folder / dictionary_blob(
        (await document_of(a_round, receipts[0]["id"])).prefix, "signed"
    )
    sound = kept.read_bytes()
    try:
        damage(kept)
        assert await refusal(device.download(receipts[0]["id"])) == (503, code)
    finally:
        kept.write_bytes(sound)
    assert await device.download(receipts[0]["id"])


async def test_bytes_of_another_revision_are_not_served_for_it(a_round: OpenedRound) -> None:
    device, receipts = await a_round.signed()
    _, others = await a_round.signed()
    own = (await revisions_of(a_round, receipts[0]["id"]))[0]
    same_text = [o for o in others if (await document_of(a_round, o["id"])).prefix == (await prefix_of(a_round, own))]
    other = (await revisions_of(a_round, same_text[0]["id"]))[0]
    place = {"blob": other.blob, "offset": other.offset, "length": other.length}
    async with a_round.service.held.get(Database).transaction() as session:
        swap = update(DocumentRevision).where(DocumentRevision.document_id == own.document_id)
        await session.execute(swap.values(**place))
    assert await refusal(device.download(receipts[0]["id"])) == (503, "document.store_damaged")
    async with a_round.service.held.get(Database).transaction() as session:
        await session.execute(swap.values(blob=own.blob, offset=own.offset, length=own.length))
    assert await device.download(receipts[0]["id"])


async def document_of(a_round: OpenedRound, document_id: str) -> Document:
    async with a_round.service.held.get(Database).transaction() as session:
        found = await session.get(Document, UUID(document_id))
        assert found is not None
        return found


async def prefix_of(a_round: OpenedRound, revision: DocumentRevision) -> str:
    return (await document_of(a_round, str(revision.document_id))).prefix
