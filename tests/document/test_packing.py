"""Packed revisions come back byte for byte, and damage is noticed instead of served."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.document.errors import StoreDamaged
from app.document.packing import is_packed, pack, unpack

HEXISH = st.text("0123456789abcdefABCDEF", max_size=60).map(lambda digits: b"<" + digits.encode() + b">")
PDFISH = st.lists(st.one_of(st.binary(max_size=40), HEXISH), max_size=12).map(b"".join)
SAMPLE = b"1 0 obj\n<004e0061006d0061>Tj EMC\n/Contents<" + b"0" * 4096 + b">"


def pack_one(data: bytes, sample: bytes) -> bytes:
    (entry,) = pack([data], sample)
    return entry


@given(PDFISH, PDFISH)
def test_any_bytes_are_unpacked_with_the_dictionary_they_were_packed_with(data: bytes, sample: bytes) -> None:
    entry = pack_one(data, sample)
    assert is_packed(entry)
    assert unpack(entry, sample) == data


def test_a_file_like_the_sample_takes_a_fraction_of_its_bytes() -> None:
    data = SAMPLE.replace(b"0061", b"0062")
    assert len(pack_one(data, SAMPLE)) < len(data) / 20


def test_a_wrong_dictionary_is_refused() -> None:
    entry = pack_one(SAMPLE + b"what was signed", SAMPLE)
    with pytest.raises(StoreDamaged):
        unpack(entry, SAMPLE[:-9] + b"!" * 9)


@given(st.integers(min_value=0), st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_changes_nothing(place: int, bit: int) -> None:
    data = b"what was signed <" + bytes(range(200)).hex().encode() + b">"
    entry = bytearray(pack_one(data, SAMPLE))
    entry[4 + place % (len(entry) - 4)] ^= 1 << bit
    try:
        found = unpack(bytes(entry), SAMPLE)
    except StoreDamaged:
        return
    assert found == data


@pytest.mark.parametrize("change", [lambda entry: entry[:-1], lambda entry: entry + b"\0"])
def test_an_entry_cut_short_or_overlong_is_refused(change) -> None:
    with pytest.raises(StoreDamaged):
        unpack(change(pack_one(b"what was signed", SAMPLE)), SAMPLE)


def test_threads_that_pack_against_one_sample_do_not_disturb_each_other() -> None:
    def rounds(seed: int) -> bool:
        files = [SAMPLE + bytes([seed, n % 256]) * (1 + n) for n in range(200)]
        return [unpack(entry, SAMPLE) for entry in pack(files, SAMPLE)] == files

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(rounds, range(64)))
