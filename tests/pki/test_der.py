from datetime import UTC, datetime

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from app.pki import der
from app.pki.errors import DerMalformed


@given(st.integers(0, 2**200))
def test_integers_are_those_of_asn1crypto_and_read_back(value):
    encoded = der.integer(value)
    assert encoded == core.Integer(value).dump()
    assert der.read_integer(der.read_whole(encoded, der.INTEGER)) == value


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=6))
def test_object_identifiers_are_those_of_asn1crypto(first, second, rest):
    dotted = ".".join(map(str, (first, second, *rest)))
    assert der.oid(dotted) == core.ObjectIdentifier(dotted).dump()


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_lengths_are_minimal_at_every_border(size):
    encoded = der.octet_string(b"x" * size)
    assert encoded == core.OctetString(b"x" * size).dump()
    assert der.read_whole(encoded, der.OCTET_STRING).body == b"x" * size


@given(st.integers(-600_000_000, 3_800_000_000), st.integers(0, 999_999))
def test_times_read_back_to_the_second(seconds, microseconds):
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)
    for encoded in (der.validity_time(moment), der.generalized_time(moment)):
        assert der.read_time(der.read(encoded, 0, len(encoded))) == moment.replace(microsecond=0)


def test_a_set_is_written_in_der_order():
    assert der.set_of(der.integer(2), der.integer(1)) == bytes.fromhex("3106020101020102")


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "30",
        "3080",  # indefinite
        "30800000",
        "308100",  # not minimal
        "30820001ff",
        "3084000000010000",  # four octets of length
        "300102",  # an inner element without length
        "30020205",  # inner longer than outer
        "3000ff",  # trailing byte
        "1f8101",  # tag of several bytes
        "0400",  # another tag
    ],
)
def test_loose_encodings_are_refused(encoded):
    with pytest.raises(DerMalformed):
        der.children(der.read_whole(bytes.fromhex(encoded), der.SEQUENCE), der.INTEGER)


@pytest.mark.parametrize("encoded", ["0200", "0280", "0201ff", "02020001", "040101"])
def test_loose_and_negative_numbers_are_refused(encoded):
    raw = bytes.fromhex(encoded)
    with pytest.raises(DerMalformed):
        der.read_integer(der.read(raw, 0, len(raw)))


@pytest.mark.parametrize("text", ["20260230000000Z", "20260101000000+0700", "2026010100000Z", "２０２６0101000000Z"])
def test_times_that_do_not_exist_or_have_no_zone_are_refused(text):
    raw = der.tlv(der.GENERALIZED_TIME, text.encode())
    with pytest.raises(DerMalformed):
        der.read_time(der.read(raw, 0, len(raw)))


@given(st.binary(max_size=64))
def test_the_reader_raises_nothing_but_its_own_error(raw):
    def walk(node):
        if node.tag & 0x20:
            for part in der.children(node):
                walk(part)

    try:
        walk(der.read(raw, 0, len(raw)))
    except DerMalformed:
        return
    assert raw
