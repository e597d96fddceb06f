"""Cursors survive the journey; anything else is refused, never guessed at."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.paging import CursorInvalid, decode_cursor, encode_cursor, uuid_part

PART = st.text(st.characters(exclude_characters="\x1f\0", exclude_categories=["Cs"]), max_size=40)


@given(st.lists(PART, min_size=1, max_size=4))
def test_a_cursor_gives_its_parts_back(parts: list[str]) -> None:
    assert decode_cursor(encode_cursor(*parts), len(parts)) == parts


@given(st.text(max_size=60))
def test_a_made_up_cursor_is_refused_or_harmless(cursor: str) -> None:
    try:
        parts = decode_cursor(cursor, 2)
    except CursorInvalid:
        return
    assert parts is not None
    assert len(parts) == 2


def test_the_first_page_has_no_cursor() -> None:
    assert decode_cursor(None, 3) is None


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(encode_cursor("one"), 2)


def test_a_part_that_should_be_an_id_is_checked() -> None:
    assert uuid_part(str(UUID(int=7))) == UUID(int=7)
    with pytest.raises(CursorInvalid):
        uuid_part("7; DROP TABLE")


def test_a_cursor_with_a_nul_is_refused() -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(encode_cursor("a\0b"), 1)
