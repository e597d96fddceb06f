"""Packed revisions come back byte for byte, and damage is noticed instead of served."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.document.errors import StoreDamaged
from app.document.packing import fold, is_packed, pack, unfold, unpack

HEXISH = st.text("0123456789abcdefABCDEF", max_size=60).map(lambda digits: b"<" + digits.encode() + b">")
PDFISH = st.lists(st.one_of(st.binary(max_size=40), HEXISH), max_size=12).map(b"".join)
SAMPLE = fold(b"1 0 obj\n<004e0061006d0061>Tj EMC\n/Contents<" + b"0" * 4096 + b">")


@given(PDFISH)
def test_any_bytes_fold_and_unfold(data: bytes) -> None:
    assert unfold(fold(data)) == data


@given(PDFISH, PDFISH)
def test_any_bytes_are_unpacked_with_the_dictionary_they_were_packed_with(data: bytes, sample: bytes) -> None:
    entry = pack(data, fold(sample))
    assert is_packed(entry)
    assert unpack(entry, fold(sample)) == data


@pytest.mark.parametrize("digits", [16, 17, 400, 401])
def test_long_hex_is_halved_whatever_its_length(digits: int) -> None:
    data = b"<" + b"a7" * (digits // 2) + b"5" * (digits % 2) + b">"
    folded = fold(data)
    assert len(folded) == 4 * (1 + 3) + (digits + 1) // 2
    assert unfold(folded) == data


def test_upper_case_and_lone_hex_is_kept_as_it_is() -> None:
    data = b"<ABCDEF0123456789AB> abcdef0123456789abcdef <0123456789abcdef"
    assert data in fold(data)
    assert unfold(fold(data)) == data


def test_a_wrong_dictionary_is_refused() -> None:
    entry = pack(b"what was signed", SAMPLE)
    with pytest.raises(StoreDamaged):
        unpack(entry, SAMPLE[:-1] + b"!")


@given(st.integers(min_value=0), st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_changes_nothing(place: int, bit: int) -> None:
    data = b"what was signed <" + bytes(range(200)).hex().encode() + b">"
    entry = bytearray(pack(data, SAMPLE))
    entry[2 + place % (len(entry) - 2)] ^= 1 << bit
    try:
        found = unpack(bytes(entry), SAMPLE)
    except StoreDamaged:
        return
    assert found == data


@pytest.mark.parametrize("change", [lambda entry: entry[:-1], lambda entry: entry + b"\0"])
def test_an_entry_cut_short_or_overlong_is_refused(change) -> None:
    with pytest.raises(StoreDamaged):
        unpack(change(pack(b"what was signed", SAMPLE)), SAMPLE)
