"""Kept uploads lie sealed: nothing of them can be read, changed, cut off or put elsewhere, and what is not sealed goes."""

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asn import sealed_file
from app.asn.errors import UploadGone
from app.asn.nik import sealing
from app.asn.nik.sealing import NikKey, SealBroken
from app.asn.upload import UploadFolder, nameless
from app.core.ids import new_id

CHUNK = 16
KEY, OTHER = sealing.derive(b"a" * 32), sealing.derive(b"b" * 32)


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> object:
    patched = pytest.MonkeyPatch()
    patched.setattr(sealed_file, "CHUNK", CHUNK)
    yield
    patched.undo()


def sealed(content: bytes, name: str = "x") -> bytes:
    out = io.BytesIO()
    sealed_file.seal(io.BytesIO(content), out, KEY, name)
    return out.getvalue()


def opened(content: bytes, name: str = "x", key: NikKey = KEY) -> bytes:
    return b"".join(sealed_file.opened(io.BytesIO(content), {key.id: key}, name))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
def test_what_was_sealed_opens_again(size: int) -> None:
    content = os.urandom(size)
    assert opened(sealed(content)) == content
    assert sealed(content) != sealed(content)
    for cut in range(len(sealed(content))):
        with pytest.raises(SealBroken):
            opened(sealed(content)[:cut])


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    content = bytearray(sealed(bytes(3 * CHUNK)))
    content[place % len(content)] ^= change
    with pytest.raises(SealBroken):
        opened(bytes(content))


def test_chunks_swapped_another_name_and_another_key_are_noticed() -> None:
    whole = sealed(bytes(3 * CHUNK))
    size, head = CHUNK + 16, len(whole) - 3 * (CHUNK + 16)
    first, second, third = (whole[head + n * size : head + (n + 1) * size] for n in range(3))
    for pieces in ((second, first, third), (first, third), (first, second), (first, second, second, third)):
        with pytest.raises(SealBroken):
            opened(whole[:head] + b"".join(pieces))
    for wrong in ({"name": "y"}, {"key": OTHER}, {"key": NikKey(KEY.id, OTHER.key)}):
        with pytest.raises(SealBroken):
            opened(whole, **wrong)


async def test_a_kept_upload_is_unreadable_on_the_disk_and_opens_for_others_while_it_is_used(tmp_path: Path) -> None:
    source, upload = tmp_path / "roster.csv", new_id()
    source.write_bytes(b"3573014506850001,SITI\n" * 10)
    folder = UploadFolder(tmp_path / "kept", (KEY,))
    folder.keep(upload, source)
    (kept,) = folder.path.iterdir()
    assert (kept.name, kept.stat().st_mode & 0o777) == (str(upload), 0o600)
    assert b"3573014506850001" not in kept.read_bytes()
    async with folder.opened(upload) as path:
        assert path.read_bytes() == source.read_bytes()
        assert list(folder.path.iterdir()) == [kept]
    assert not path.exists()
    rotated = UploadFolder(folder.path, (OTHER, KEY))
    assert b"".join(rotated.chunks(upload)) == source.read_bytes()
    for lost, keys in ((upload, (OTHER,)), (new_id(), (KEY,))):
        with pytest.raises(UploadGone):
            b"".join(UploadFolder(folder.path, keys).chunks(lost))


def test_what_is_old_or_not_sealed_goes_at_night(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path, (KEY,))
    young, old, bare = new_id(), new_id(), tmp_path / str(UUID(int=7))
    with nameless() as source:
        source.write_bytes(b"NIP,NAMA\n")
        folder.keep(young, source)
        folder.keep(old, source)
    bare.write_bytes(b"NIP,NAMA\n")
    now = datetime.now(UTC)
    for path, age in ((tmp_path / str(old), timedelta(days=15)), (bare, timedelta(hours=2))):
        os.utime(path, ((now - age).timestamp(),) * 2)
    assert folder.sweep(now) == 2
    assert [path.name for path in tmp_path.iterdir()] == [str(young)]


def test_forgetting_what_was_made_of_an_upload_leaves_the_upload(tmp_path: Path) -> None:
    folder, upload = UploadFolder(tmp_path, (KEY,)), new_id()
    with nameless() as source:
        for kind in ("", ".corrections.id", ".corrections.en.failed"):
            folder.keep(upload, source, kind)
    folder.forget(upload, ".corrections*")
    assert [path.name for path in tmp_path.iterdir()] == [str(upload)]
    folder.forget(upload)
    assert list(tmp_path.iterdir()) == []
