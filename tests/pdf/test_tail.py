import io
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdf.errors import DoesNotFit, GlyphMissing, SignatureTooLarge, ValueMissing
from app.pdf.font import CHARACTERS
from app.pdf.increment import embed
from app.pdf.person import PersonValues
from app.pdf.typesetter import tidy
from tests.pdf.pledge_files import AT, CODE, LONGEST_PERSON, PERSON, pact, whole
from tests.pdf.structure_check import faults, marked_texts

SHAPE = re.compile(rb"/ByteRange\[0 (\d+) (\d+) (\d+) *\]/Contents<(0+)>")


def test_the_hole_has_the_shape_that_browsers_look_for(compiled):
    prepared = compiled.prepare(PERSON, code=CODE, prepared_at=AT)
    data = whole(compiled, prepared)
    start, end = prepared.hole
    assert data.count(b"/ByteRange") == 1
    found = SHAPE.search(data)
    assert found is not None
    assert [int(n) for n in found.groups()[:3]] == [start, end, len(data) - end]
    assert data[start:end] == b"<" + b"0" * (end - start - 2) + b">"
    assert prepared.digest == sha256(data[:start] + data[end:]).digest()


def test_preparing_is_a_pure_function(compiled):
    first = compiled.prepare(PERSON, code=CODE, prepared_at=AT)
    compiled.prepare(LONGEST_PERSON, code=CODE, prepared_at=AT)
    assert compiled.prepare(PERSON, code=CODE, prepared_at=AT) == first
    assert compiled.prepare(PERSON, code=CODE, prepared_at=AT.replace(microsecond=9)) == first


def test_a_signature_fills_the_hole_and_nothing_else(compiled):
    prepared = compiled.prepare(PERSON, code=CODE, prepared_at=AT)
    finished = embed(prepared.tail, hole=prepared.hole, prefix_length=prepared.prefix_length, cms=b"\x30\xab")
    start, end = (offset - prepared.prefix_length for offset in prepared.hole)
    assert len(finished) == len(prepared.tail)
    assert finished[:start] + finished[end:] == prepared.tail[:start] + prepared.tail[end:]
    assert finished[start:end].startswith(b"<30ab000")


def test_a_signature_that_outgrew_its_hole_is_refused(compiled):
    prepared = compiled.prepare(PERSON, code=CODE, prepared_at=AT)
    room = (prepared.hole[1] - prepared.hole[0] - 2) // 2
    whole_room = embed(prepared.tail, hole=prepared.hole, prefix_length=prepared.prefix_length, cms=b"\xff" * room)
    assert len(whole_room) == len(prepared.tail)
    with pytest.raises(SignatureTooLarge):
        embed(prepared.tail, hole=prepared.hole, prefix_length=prepared.prefix_length, cms=b"\xff" * (room + 1))


def test_the_longest_names_take_a_smaller_type_and_lose_no_word(countersigned_template):
    prepared = countersigned_template.prepare(LONGEST_PERSON, code=CODE, prepared_at=AT)
    assert prepared.variant > countersigned_template.prepare(PERSON, code=CODE, prepared_at=AT).variant
    texts = marked_texts(whole(countersigned_template, prepared))
    for value in (LONGEST_PERSON.name, LONGEST_PERSON.position, LONGEST_PERSON.unit):
        assert value in texts
    assert LONGEST_PERSON.countersigner.position + "," in texts


def test_an_unsigned_document_is_whole_and_has_every_field_empty(countersigned_template):
    unsigned = countersigned_template.unsigned(PERSON, code=CODE, prepared_at=AT)
    prepared = countersigned_template.prepare(PERSON, code=CODE, prepared_at=AT)
    data = countersigned_template.variants[unsigned.variant].prefix + unsigned.tail
    assert faults(data) == []
    assert b"/ByteRange" not in data
    assert marked_texts(data) == marked_texts(whole(countersigned_template, prepared))
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert [str(field.T) for field in pdf.Root.AcroForm.Fields] == ["pejabat", "pegawai", "segel", "arsip"]
        assert not any("/V" in field for field in pdf.Root.AcroForm.Fields)


def test_threads_prepare_what_one_thread_prepares(compiled):
    people = [replace(PERSON, name=f"Siti {index}", position=f"Jabatan {index % 7}") for index in range(200)]

    def digest(person):
        return compiled.prepare(person, code=CODE, prepared_at=AT).digest

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(digest, people)) == [digest(person) for person in people]


def test_a_name_without_glyphs_fails_with_its_characters(compiled):
    with pytest.raises(GlyphMissing) as refusal:
        compiled.prepare(replace(PERSON, name="Wulan 李 \u202e"), code=CODE, prepared_at=AT)
    assert refusal.value.field == "nama"
    assert refusal.value.characters == "\u202e李"


@pytest.mark.parametrize("changes", [{"position": "sangat " * 400}, {"name": "A" * 200}, {"unit": "x" * 300}])
def test_a_value_without_room_in_any_type_size_is_refused(compiled, changes):
    with pytest.raises(DoesNotFit):
        compiled.prepare(replace(PERSON, **changes), code=CODE, prepared_at=AT)


def test_a_nameless_person_is_refused(compiled):
    with pytest.raises(ValueMissing):
        compiled.prepare(replace(PERSON, name="  "), code=CODE, prepared_at=AT)


def test_a_round_with_countersignature_needs_the_official(countersigned_template):
    with pytest.raises(ValueMissing) as refusal:
        countersigned_template.prepare(replace(PERSON, countersigner=None), code=CODE, prepared_at=AT)
    assert refusal.value.field == "pejabat"


@pytest.mark.parametrize("code", ["", "A" * 21, "A" * 23, "A" * 21 + "é", "A" * 21 + "/"])
def test_a_malformed_code_is_refused(compiled, code):
    with pytest.raises(ValueError, match="22 ASCII"):
        compiled.prepare(PERSON, code=code, prepared_at=AT)


names = st.text(st.sampled_from(sorted(CHARACTERS)), min_size=1, max_size=70).filter(tidy)


@given(name=names, position=names)
def test_any_showable_name_is_printed_as_it_is_or_refused(name, position):
    person = PersonValues(name, "19850101 201001 2 003", "", position, "Sekretariat")
    try:
        prepared = pact().prepare(person, code=CODE, prepared_at=AT)
    except DoesNotFit:
        return
    data = whole(pact(), prepared)
    start, end = prepared.hole
    assert prepared.digest == sha256(data[:start] + data[end:]).digest()
    assert faults(data) == []
    assert marked_texts(data).count(tidy(name)) >= 2
    assert tidy(position) in marked_texts(data)


@given(name=st.text(max_size=40))
def test_any_text_at_all_is_printed_or_refused_by_name(name):
    try:
        prepared = pact().prepare(replace(PERSON, name=name), code=CODE, prepared_at=AT)
    except (GlyphMissing, DoesNotFit) as refusal:
        assert refusal.field  # noqa: PT017 - either outcome is right
    except ValueMissing:
        assert not tidy(name)
    else:
        assert tidy(unicodedata.normalize("NFC", name)) in marked_texts(whole(pact(), prepared))
