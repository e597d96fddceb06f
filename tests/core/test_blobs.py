"""The store of bytes keeps its contract: durable, create-only, whole or not at all."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from app.core.blobs import BlobMissing, BlobTaken, LocalBlobStore

SIZE = 64 << 20
WRITER = """
import asyncio, sys
from pathlib import Path
from app.core.blobs import LocalBlobStore

async def main():
    store, size = LocalBlobStore(Path(sys.argv[1])), int(sys.argv[2])
    print("ready", flush=True)
    for number in range(1000):
        await store.put(f"pack/{number}", bytes([number % 251]) * size)
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.fixture
def store(tmp_path: Path) -> LocalBlobStore:
    return LocalBlobStore(tmp_path / "blobs")


async def test_stored_bytes_are_given_back_whole_and_in_part(store: LocalBlobStore) -> None:
    await store.put("pack/one", b"0123456789")
    assert await store.get("pack/one") == b"0123456789"
    assert await store.get("pack/one", 3, 4) == b"3456"
    assert await store.get("pack/one", 8) == b"89"
    assert await store.get("pack/one", 10, 0) == b""


async def test_the_same_bytes_may_be_put_again(store: LocalBlobStore) -> None:
    await store.put("pack/one", b"same")
    await store.put("pack/one", b"same")
    assert await store.get("pack/one") == b"same"


async def test_other_bytes_under_a_taken_name_are_refused_and_change_nothing(store: LocalBlobStore) -> None:
    await store.put("pack/one", b"first")
    with pytest.raises(BlobTaken):
        await store.put("pack/one", b"second")
    assert await store.get("pack/one") == b"first"
    assert list((store.folder / "tmp").iterdir()) == []


async def test_a_missing_blob_and_one_cut_short_are_both_missing(store: LocalBlobStore) -> None:
    await store.put("pack/one", b"0123456789")
    with pytest.raises(BlobMissing):
        await store.get("pack/two")
    with pytest.raises(BlobMissing):
        await store.get("pack/one", 8, 3)


@pytest.mark.parametrize(
    "name", ["", "one", "/etc/passwd", "../one/two", "pack/../../x", "pack//x", "tmp/x", "pack/a b", "pack/x\0", "a/.b"]
)
async def test_names_that_lead_elsewhere_are_refused(store: LocalBlobStore, name: str) -> None:
    with pytest.raises(BlobMissing):
        await store.put(name, b"x")
    with pytest.raises(BlobMissing):
        await store.get(name)


async def test_a_deep_name_gets_its_folders(store: LocalBlobStore) -> None:
    await store.put("a/b/c/d", b"deep")
    assert await store.get("a/b/c/d") == b"deep"


def half_written(folder: Path) -> bool:
    """Whether a file is being written right now, wherever it lies."""
    sizes = []
    for path in folder.glob("*/*"):
        with suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return any(0 < size < SIZE for size in sizes)


@pytest.mark.parametrize("acknowledged", [0, 2])
async def test_a_kill_in_the_middle_leaves_whole_blobs_only(tmp_path: Path, acknowledged: int) -> None:
    folder = tmp_path / "blobs"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(SIZE)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    with writer:
        assert writer.stdout is not None
        seen = [writer.stdout.readline() for _ in range(acknowledged + 1)][1:]
        while not half_written(folder):
            assert writer.poll() is None
        writer.kill()
    store = LocalBlobStore(folder)
    for line in seen:
        assert await store.get(f"pack/{int(line)}", 0, SIZE) == bytes([int(line)]) * SIZE
    for path in (folder / "pack").glob("*"):
        assert path.stat().st_size == SIZE
    await store.put(f"pack/{acknowledged}", bytes([acknowledged]) * SIZE)
