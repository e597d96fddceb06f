import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.pdf.reopen import Reopened, ReopenRefused, reopen
from app.pki import cms
from tests.pdf.signed_documents import Office, Signed, new_authority

NOW = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
NIP = "198501012010012003"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return Office(new_authority(tmp_path_factory.mktemp("reopen") / "keys", NOW), NOW)


@pytest.fixture(scope="module")
def complete(office):
    return office.complete()


def read(office: Office, document: Signed, **other) -> Reopened:
    known = {
        "expected_digest": document.digest,
        "spki": document.spki,
        "own": office.authority.own_certificates,
    }
    return reopen(document.parts, **(known | other))


def refusal(office: Office, data: bytes, **other) -> str:
    known = {
        "expected_digest": None,
        "spki": None,
        "own": office.authority.own_certificates,
    }
    with pytest.raises(ReopenRefused) as caught:
        reopen(data, **(known | other))
    return caught.value.code


def holes(data: bytes):
    return [(int(m[1]), int(m[2])) for m in re.finditer(rb"/ByteRange\[0 (\d+) (\d+)", data)]


def test_every_state_is_read_with_who_signed_when(office):
    signed = office.signed()
    states = [signed, office.countersigned(signed)]
    states += [office.sealed(states[-1])]
    states += [office.archived(states[-1])]
    kinds = ["signer", "countersigner", "e_seal", "archive"]
    for count, document in enumerate(states, 1):
        found = read(office, document).signatures
        assert [facts.kind for facts in found] == kinds[:count]
        assert (found[0].name, found[0].nip, found[0].digest) == ("Nurʿaini Çelebi, S.Kom.", NIP, signed.digest)
        assert {facts.signed_at for facts in found} == {NOW}


def test_a_document_without_countersignature_and_with_fresh_crls_is_read(office):
    document = office.archived(office.sealed(office.signed()), crls=True)
    assert [facts.field for facts in read(office, document).signatures] == ["pegawai", "segel", "arsip"]
    assert reopen(
        document.data,
        expected_digest=None,
        spki=None,
        own=office.authority.own_certificates,
    ) == read(office, document)


@given(st.text(st.sampled_from("aÇʾ'()/\\<>[] 0RV.,"), min_size=1, max_size=60).filter(str.strip))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_misleads_the_reader(office, name):
    name = " ".join(name.split())
    assert read(office, office.signed(name)).signatures[0].name == name


def test_a_name_that_looks_like_a_field_misleads_nobody(office):
    name = "/FT/Sig/T(segel) /V 36 0 R>> endobj, S.H."
    assert read(office, office.countersigned(office.signed(name))).signatures[0].field == "pegawai"


@given(st.data())
@settings(deadline=None, max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_bit_anywhere_is_refused(office, complete, data):
    flipped = bytearray(complete.data)
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert refusal(office, bytes(flipped))


@given(st.integers(0, 200_000), st.binary(max_size=40))
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cut_and_foreign_bytes_raise_nothing_but_a_refusal(office, complete, length, more):
    data = complete.data[:length] + more
    if data != complete.data:
        assert refusal(office, data)
    assert refusal(office, more)


@given(st.lists(st.integers(0, 120_000), min_size=1, max_size=4))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_cut_anywhere_are_read_as_the_whole(office, complete, cuts):
    bounds = [0, *sorted(cuts), len(complete.data)]
    parts = tuple(complete.data[start:end] for start, end in pairwise(bounds))
    assert read(office, replace(complete, parts=parts)) == read(office, complete)


def test_parts_cut_around_every_signature_are_read_as_the_whole(office, complete):
    places = [m.start() for m in re.finditer(rb"/ByteRange|/V \d", complete.data)] + [
        h[0] for h in holes(complete.data)
    ]
    for cut in (place + offset for place in places for offset in (-1, 0, 1, 2, 5, 9, 10, 20)):
        parts = (complete.data[:cut], complete.data[cut:])
        assert read(office, replace(complete, parts=parts)) == read(office, complete)


@given(st.data())
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_bit_in_a_first_part_known_from_other_documents_is_refused(office, complete, data):
    assert read(office, complete)
    flipped = bytearray(complete.parts[0])
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for digest in (complete.digest, None):
        with pytest.raises(ReopenRefused):
            read(office, replace(complete, parts=(bytes(flipped), *complete.parts[1:])), expected_digest=digest)
    assert read(office, complete)


def test_a_second_field_that_points_at_a_signature_is_refused_wherever_it_stands(office):
    """Also before the part that is hashed for each document, and although the signature covers it."""
    document = office.signed()
    prefix, tail = document.parts
    number = re.search(rb"/FT/Sig/T\(pegawai\)[^\n]*/V (\d+) 0 R>>", tail)[1]
    field = b"9 0 obj\n<</FT/Sig/T(segel)/V %b 0 R>>\nendobj\n" % number
    for at in (len(prefix), len(prefix) - 40, 1000):
        place = document.data.index(b"\nendobj\n", at - 30) + len(b"\nendobj\n")
        doubled = document.data[:place] + field + document.data[place:]
        moved = re.sub(
            rb"/ByteRange\[0 (\d+) (\d+) (\d+) *\]",
            lambda m: (
                (b"/ByteRange[0 %d %d %b" % (int(m[1]) + len(field), int(m[2]) + len(field), m[3])).ljust(len(m[0]) - 1)
                + b"]"
            ),
            doubled,
        )
        moved = re.sub(rb"startxref\n(\d+)", lambda m: b"startxref\n%d" % (int(m[1]) + len(field)), moved)
        for parts in ((moved,), (moved[: len(prefix) + len(field)], moved[len(prefix) + len(field) :])):
            with pytest.raises(ReopenRefused) as caught:
                read(office, replace(document, parts=parts), expected_digest=None)
            assert caught.value.code == "reopen.field"


@pytest.mark.parametrize("extra", [b"\n", b"%%EOF\n", b"1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF\n"])
def test_appended_bytes_are_refused(office, complete, extra):
    assert refusal(office, complete.data + extra) == "reopen.revision"


def test_a_signed_revision_behind_an_unsigned_one_is_refused(office):
    """An honest seal over a revision somebody slipped in between."""
    signed = office.signed()
    at = signed.data.rindex(b"startxref\n")
    previous = int(signed.data[at + 10 :].split()[0])
    root = re.search(rb"trailer\n<</Size (\d+)(/Root \d+ 0 R/Info \d+ 0 R)/ID\[<(\w+)><(\w+)>\]>>", signed.data)
    body = b"9999 0 obj\n<</Slipped(in)>>\nendobj\n"
    start = len(signed.data)
    slipped = body + b"xref\n9999 1\n%010d 00000 n \n" % start
    slipped += b"trailer\n<</Size %s%s/Prev %d/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n" % (
        *(root[1], root[2], previous, root[3], root[4]),
        start + len(body),
    )
    tampered = office.sealed(replace(signed, parts=(*signed.parts, slipped)))
    assert refusal(office, tampered.data) == "reopen.revision"


def test_other_announced_bytes_or_another_key_are_refused(office, complete):
    other = office.signed("Budi Santoso")
    assert refusal(office, complete.data, expected_digest=other.digest) == "reopen.digest"
    assert refusal(office, complete.data, spki=other.spki) == "reopen.key"


def test_a_signature_of_another_persons_document_is_refused(office):
    first, second = office.signed("Siti Aminah"), office.signed("Budi Santoso")
    (own,), (start, end) = holes(first.data), holes(second.data)[0]
    moved = first.data[: own[0]] + second.data[start:end] + first.data[own[1] :]
    assert refusal(office, moved) == "signature.digest"


def test_certificates_of_another_authority_are_refused(office, complete, tmp_path):
    other = new_authority(tmp_path / "keys", NOW)
    own = office.authority.own_certificates
    cases = {"issuing": "signature.issuer", "tsa": "signature.timestamp", "e_seal": "signature.issuer"}
    for part, code in cases.items():
        strange = replace(own, **{part: getattr(other.own_certificates, part)})
        assert refusal(office, complete.data, own=strange) == code
    assert refusal(office, complete.data, own=replace(own, e_seal=())) == "signature.issuer"


@pytest.mark.parametrize("minutes", [-2, 11])
def test_a_token_outside_the_certificates_life_is_refused(office, minutes):
    document = office.signed(at=NOW + timedelta(minutes=minutes))
    assert refusal(office, document.data) == "signature.validity"


def with_cms(office: Office, build) -> bytes:
    """A document whose signature value is what `build` makes of its digest and of the honest CMS."""
    document = office.signed()
    ((start, end),) = holes(document.data)
    honest = bytes.fromhex(document.data[start + 1 : end - 1].decode())
    encoded = build(document.digest, honest).hex().encode()
    return document.data[: start + 1] + encoded.ljust(end - start - 2, b"0") + document.data[end - 1 :]


def test_a_signature_without_time_stamp_is_taken_only_where_none_is_asked_for(office):
    def build(digest, _):
        key = office.authority.e_seal_key
        certificate = office.authority.issue(office_subject(), key.spki, NOW)
        attributes = cms.signed_attributes(digest, certificate)
        return cms.signed_data(
            attributes=attributes,
            signature_der=key.sign(attributes),
            certificate=certificate,
            chain=office.authority.chain,
            timestamp_token=None,
        )

    untimed = with_cms(office, build)
    assert refusal(office, untimed) == "signature.timestamp"
    own = office.authority.own_certificates
    (facts,) = reopen(untimed, expected_digest=None, spki=None, own=own, timed=False).signatures
    assert facts.signed_at is None
    assert refusal(office, office.signed().data, timed=False) == "signature.timestamp"


def test_a_token_for_another_signature_is_refused(office):
    def build(digest, _):
        key = office.authority.e_seal_key
        certificate = office.authority.issue(office_subject(), key.spki, NOW)
        attributes = cms.signed_attributes(digest, certificate)
        return cms.signed_data(
            attributes=attributes,
            signature_der=key.sign(attributes),
            certificate=certificate,
            chain=office.authority.chain,
            timestamp_token=office.authority.tsa.token(sha256(b"another").digest(), NOW),
        )

    assert refusal(office, with_cms(office, build)) == "signature.timestamp"


def office_subject():
    from app.pki.certificate import Subject

    return Subject("Pemerintah Kota Contoh", "Dinas Pendidikan", "Siti Aminah", NIP)


def test_the_seal_in_the_place_of_a_person_is_refused(office):
    def build(digest, _):
        return office.authority.e_seal_sign(digest, NOW)

    assert refusal(office, with_cms(office, build)) == "signature.issuer"


def test_a_person_in_the_place_of_the_seal_is_refused(office):
    sealed = office.sealed(office.signed())
    start, end = holes(sealed.data)[-1]
    digest = sha256(sealed.data[:start] + sealed.data[end:]).digest()
    encoded = office.cms(digest, office.authority.e_seal_key, "Siti Aminah", NIP).hex().encode()
    forged = sealed.data[: start + 1] + encoded.ljust(end - start - 2, b"0") + sealed.data[end - 1 :]
    assert refusal(office, forged) == "signature.issuer"


def test_bytes_hidden_behind_the_signature_are_refused(office, complete):
    start, end = holes(complete.data)[0]
    hidden = complete.data[: end - 3] + b"ff" + complete.data[end - 1 :]
    assert start < end
    assert refusal(office, hidden) == "reopen.byte_range"


def test_an_unsigned_file_has_no_signature(office):
    prefix = office.compiled.prefix
    assert refusal(office, prefix) == "reopen.no_signature"
    assert refusal(office, b"") == "reopen.header"


def test_a_prepared_file_with_its_hole_still_empty_is_refused(office):
    prepared = office.compiled.prepare(office.person("Siti"), code="A" * 22, prepared_at=NOW)
    data = office.compiled.variants[prepared.variant].prefix + prepared.tail
    assert refusal(office, data) == "signature.cms"
