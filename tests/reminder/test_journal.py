"""What a process leaves behind for the one that judges its messages."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reminder import journal as journals
from app.reminder.journal import NAME, Progress, open_journal

NOW = datetime(2026, 11, 23, 3, 0, 0, 123457, tzinfo=UTC)


def left_in(folder: Path) -> dict[journals.Claim, Progress]:
    with open_journal(folder) as opened:
        assert opened is not None
        return opened.left


def test_the_last_word_on_every_claim_is_what_is_left(tmp_path: Path) -> None:
    claims = [(uuid4(), NOW + timedelta(microseconds=n)) for n in range(3)]
    with open_journal(tmp_path) as opened:
        assert opened is not None
        opened.begin()
        for claim, progress in zip(claims, Progress, strict=True):
            for step in range(1, progress + 1):
                opened.note(claim, Progress(step))
    assert left_in(tmp_path) == dict(zip(claims, Progress, strict=True))


def test_what_was_settled_gives_its_place_away(tmp_path: Path) -> None:
    with open_journal(tmp_path) as opened:
        assert opened is not None
        opened.begin()
        for n in range(1000):
            claim = (uuid4(), NOW)
            opened.note(claim, Progress.HANDED)
            if n < 999:
                opened.forget(claim[0])
    assert left_in(tmp_path) == {claim: Progress.HANDED}
    assert (tmp_path / NAME).stat().st_size < 100


def test_another_boot_of_the_machine_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_journal(tmp_path) as opened:
        assert opened is not None
        opened.begin()
        opened.note((uuid4(), NOW), Progress.LOADED)
    assert len(left_in(tmp_path)) == 1
    (tmp_path / "boot_id").write_text(f"{uuid4()}\n")
    monkeypatch.setattr(journals, "_BOOT_ID", tmp_path / "boot_id")
    assert left_in(tmp_path) == {}
    monkeypatch.setattr(journals, "_BOOT_ID", tmp_path / "none")  # a machine without a name for its boots
    with open_journal(tmp_path) as opened:
        assert opened is not None
        opened.begin()
        opened.note((uuid4(), NOW), Progress.LOADED)
    assert left_in(tmp_path) == {}


def test_only_one_living_process_has_it(tmp_path: Path) -> None:
    with open_journal(tmp_path) as first:
        assert first is not None
        with open_journal(tmp_path) as second:
            assert second is None
    with open_journal(tmp_path) as third:
        assert third is not None


@given(st.binary(max_size=200))
def test_a_file_of_rubbish_is_read_without_a_fault(tmp_path_factory: pytest.TempPathFactory, rubbish: bytes) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with open_journal(folder) as opened:
        assert opened is not None
        opened.begin()
    with (folder / NAME).open("ab") as file:
        file.write(rubbish)
    left_in(folder)
