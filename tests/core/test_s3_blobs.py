"""Blobs on a real S3 server keep the same contract as blobs in a folder, and a whole signing runs over them."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.core.blobs import BlobMissing, BlobStoreFailed, BlobTaken
from app.core.errors import CannotStart
from app.core.ids import new_id
from app.core.postgres import LocalPostgres
from app.core.s3_blobs import S3BlobStore
from tests.core.s3_server import S3Server, s3_server
from tests.service import running_service
from tests.signing.opened_round import NOON, new_database, nip_of, person_row


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as started:
        yield started


@pytest.fixture
def store(server: S3Server, tmp_path: Path) -> S3BlobStore:
    return S3BlobStore(server.settings(tmp_path, bucket=f"berkas/{new_id()}"))


async def test_stored_bytes_are_given_back_whole_and_in_part(store: S3BlobStore) -> None:
    await store.check()
    await store.put("pack/one", b"0123456789")
    assert await store.get("pack/one") == b"0123456789"
    assert await store.get("pack/one", 3, 4) == b"3456"
    assert await store.get("pack/one", 8) == b"89"
    assert await store.get("pack/one", 10, 0) == b""


async def test_the_same_bytes_may_be_put_again_and_other_bytes_may_not(store: S3BlobStore) -> None:
    await store.put("pack/one", b"first")
    await store.put("pack/one", b"first")
    with pytest.raises(BlobTaken):
        await store.put("pack/one", b"other")
    assert await store.get("pack/one") == b"first"


async def test_of_eight_writers_of_one_name_one_wins(store: S3BlobStore) -> None:
    puts = (store.put("dictionary/one", b"%d" % n) for n in range(8))
    answers = await asyncio.gather(*puts, return_exceptions=True)
    assert [type(a) for a in answers if a is not None] == [BlobTaken] * 7
    assert await store.get("dictionary/one") == b"%d" % answers.index(None)


async def test_a_missing_blob_and_one_cut_short_are_both_missing(store: S3BlobStore) -> None:
    await store.put("pack/one", b"0123456789")
    for name, offset, length in [("pack/two", 0, None), ("pack/one", 8, 3), ("../one", 0, None)]:
        with pytest.raises(BlobMissing):
            await store.get(name, offset, length)


async def test_a_wrong_secret_and_a_server_that_is_not_there_are_told_at_the_start(
    server: S3Server, tmp_path: Path, unused_tcp_port: int
) -> None:
    with pytest.raises(CannotStart, match="does not answer"):
        await S3BlobStore(server.settings(tmp_path, secret="wrong")).check()
    nowhere = S3Server(f"http://127.0.0.1:{unused_tcp_port}", server.process)
    store = S3BlobStore(nowhere.settings(tmp_path))
    with pytest.raises(BlobStoreFailed):
        await store.put("pack/one", b"x")


async def test_a_server_that_overwrites_is_refused(tmp_path: Path, server: S3Server) -> None:
    async def agree_to_everything(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
            )
            await reader.readexactly(length)
            writer.write(b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
            await writer.drain()

    async with await asyncio.start_server(agree_to_everything, "127.0.0.1", 0) as careless:
        port = careless.sockets[0].getsockname()[1]
        settings = S3Server(f"http://127.0.0.1:{port}", server.process).settings(tmp_path)
        with pytest.raises(CannotStart, match="overwrites"):
            await S3BlobStore(settings).check()


async def test_a_pledge_is_signed_sealed_and_served_byte_exact_from_a_bucket(
    server: S3Server, postgres: LocalPostgres, tmp_path: Path
) -> None:
    storage = server.settings(tmp_path, bucket="kota/berkas")
    with new_database(postgres) as url:
        async with running_service(url, tmp_path, NOON, storage=storage) as service:
            await service.import_roster([person_row(1)])
            await service.open_round()
            device = await service.device(nip_of(1))
            prepared = await device.open([owed["id"] for owed in await device.pending()])
            receipts = (await device.sign(prepared)).receipts
            await service.run_jobs()
            for receipt in receipts:
                sealed = await device.download(receipt["id"])
                facts = await device._call("GET", f"/documents/{receipt['id']}")
                assert (facts["state"], facts["sha256"]) == ("sealed", hashlib.sha256(sealed).hexdigest())
    assert not (tmp_path / "data" / "blobs").exists()
