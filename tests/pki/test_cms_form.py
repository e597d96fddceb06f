"""The fast reader of CMS against the general one: it may leave anything to it, but never read anything else than it."""

import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pki import cms, cms_form, cms_read, der
from app.pki.certificate import Subject
from app.pki.errors import DerMalformed

DIGEST = sha256(b"a document").digest()


def document_signature(authority, device, subject, now, *, timestamped=True):
    certificate = authority.issue(subject, device.spki, now)
    attributes = cms.signed_attributes(DIGEST, certificate)
    signature = device.sign(attributes)
    return cms.signed_data(
        attributes=attributes,
        signature_der=signature,
        certificate=certificate,
        chain=authority.chain,
        timestamp_token=authority.tsa.token(sha256(signature).digest(), now) if timestamped else None,
    )


@pytest.fixture(scope="module")
def honest(authority, device, subject, now):
    """Every kind of structure that stands in a finished document, and a signature without time stamp."""
    return [
        document_signature(authority, device, subject, now),
        document_signature(authority, device, subject, now, timestamped=False),
        authority.e_seal_sign(DIGEST, now),
        authority.tsa.token(DIGEST, now),
    ]


def generally(encoded):
    try:
        return cms_read.read(encoded)
    except DerMalformed:
        return None


def agrees(encoded) -> bool:
    fast = cms_form.read(encoded)
    return fast is None or fast == generally(encoded)


def test_every_structure_of_a_document_is_of_the_usual_form(honest):
    for encoded in honest:
        read = cms_form.read(encoded)
        assert read is not None
        assert read == cms_read.read(encoded)


@given(
    name=st.text(st.sampled_from("aÇʾ. ,"), min_size=1, max_size=200).filter(str.strip),
    unit=st.text(st.sampled_from("bĀ "), min_size=1, max_size=200).filter(str.strip),
)
def test_names_of_every_length_are_of_the_usual_form(authority, device, now, name, unit):
    encoded = document_signature(authority, device, Subject("Pemerintah Kota Contoh", unit, name, "1985"), now)
    assert cms_form.read(encoded) == cms_read.read(encoded)


def test_both_readers_agree_on_every_changed_byte(honest):
    """Where the fast one still reads a changed structure, the change lies in a hole and the general one reads the same."""
    seen = {True: 0, False: 0}
    for encoded in honest:
        for position in range(len(encoded)):
            changed = bytearray(encoded)
            changed[position] ^= 1 << position % 8
            seen[cms_form.read(bytes(changed)) is not None] += 1
            assert agrees(bytes(changed)), position
    assert min(seen.values()) > 100


def test_both_readers_agree_on_every_length_and_tag(honest):
    values = (0x00, 0x02, 0x04, 0x30, 0x31, 0x7F, 0x80, 0x81, 0x82, 0x83, 0xA0, 0xA1, 0xFF)
    for encoded in honest:
        heads = [p for p in range(len(encoded) - 1) if encoded[p] in (0x02, 0x04, 0x06, 0x30, 0x31, 0xA0, 0xA1)]
        for position in heads[::3]:
            for value in values:
                for place in (position, position + 1):
                    assert agrees(encoded[:place] + bytes([value]) + encoded[place + 1 :]), (place, value)


def test_both_readers_agree_on_cut_stretched_and_mixed_structures(honest):
    chance = random.Random(20260302)
    for _ in range(3000):
        one, other = chance.choice(honest), chance.choice(honest)
        start, end = sorted(chance.choices(range(len(one) + 1), k=2))
        at = chance.randrange(len(other) + 1)
        assert agrees(one[:start] + one[end:])
        assert agrees(one[:start] + other[at : at + end - start] + one[end:])
        assert agrees(one[:start] + other[at : at + 3] + one[start:])
    assert agrees(b"")


def elements(encoded):
    """Every constructed element of a structure: (start, start of the content, end), outer ones first."""
    found, waiting = [], [der.read(encoded, 0, len(encoded))]
    while waiting:
        node = waiting.pop()
        if node.tag & 0x20:
            found.append(node)
            waiting += der.children(node)
    return sorted((node.start, node.body_start, node.end) for node in found)


def with_content(encoded, at, changed):
    """The structure with other bytes in the element at `at`, and every length around it put right again."""
    start, body, end = at
    built = der.head(encoded[start], len(changed)) + changed
    outer = [one for one in elements(encoded) if one[0] < start and one[2] >= end]
    for outer_start, outer_body, outer_end in reversed(outer):
        content = encoded[outer_body:start] + built + encoded[end:outer_end]
        built = der.head(encoded[outer_start], len(content)) + content
        start, end = outer_start, outer_end
    assert body
    return built


def test_both_readers_agree_on_parts_doubled_dropped_swapped_and_added_with_right_lengths(honest):
    refused = 0
    for encoded in honest:
        for at in elements(encoded):
            parts = [part.whole for part in der.children(der.read(encoded, at[0], at[2]))]
            variants = [parts[1:], parts[:-1], parts + parts[-1:], parts[::-1], [*parts, der.tlv(der.NULL)]]
            variants += [[*parts, der.explicit(1, der.sequence())], parts[:1] + parts]
            for variant in variants:
                built = with_content(encoded, at, b"".join(variant))
                assert agrees(built), at
                refused += generally(built) is None
    assert refused > 100
