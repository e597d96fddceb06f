"""Files made on first use: one winner, whole or not there."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.errors import CannotStart
from app.core.secrets import master_key, new_token, token_hash
from app.core.settings import StorageSettings
from app.core.write_once import keep_once


def test_the_first_content_stays(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    assert keep_once(path, b"first") == b"first"
    assert keep_once(path, b"second") == b"first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


def test_of_many_writers_at_once_one_wins(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda n: keep_once(tmp_path / "kept", b"%d" % n * 1000), range(64)))
    assert len(found) == 1


def test_the_master_key_is_made_once(tmp_path: Path) -> None:
    settings = StorageSettings(data_dir=tmp_path / "data")
    first = master_key(settings)
    assert len(first) >= 43
    assert master_key(settings) == first
    assert (tmp_path / "data" / "master.key").stat().st_mode & 0o777 == 0o600


def test_a_given_master_key_is_used_and_never_written(tmp_path: Path) -> None:
    settings = StorageSettings(data_dir=tmp_path / "data", master_key=SecretStr("kept elsewhere"))
    assert master_key(settings) == b"kept elsewhere"
    assert not (tmp_path / "data").exists()
    assert "kept elsewhere" not in repr(settings)


def test_an_empty_master_key_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "master.key").touch()
    with pytest.raises(CannotStart, match="backup"):
        master_key(StorageSettings(data_dir=tmp_path))


def test_tokens_differ_carry_their_prefix_and_are_stored_as_a_hash() -> None:
    tokens = {new_token("pakta_") for _ in range(100)}
    assert len(tokens) == 100
    assert all(token.startswith("pakta_") and len(token) >= 49 for token in tokens)
    assert len({token_hash(token) for token in tokens}) == 100
    assert token_hash("a").hex().startswith("ca978112")
