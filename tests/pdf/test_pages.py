"""Documents of several pages, documents with an emblem, and layouts made on demand."""

import io
import subprocess
from dataclasses import replace
from functools import lru_cache

import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from app.pdf.compiler import compile_template
from app.pdf.emblem import read_emblem
from app.pdf.errors import DoesNotFit, InputInvalid
from app.pdf.flow import Paragraph, keep_company, lay_out
from app.pdf.geometry import Shape
from app.pdf.person import PersonValues
from app.pdf.statement import statement
from tests.pdf.pledge_files import (
    AT,
    CODE,
    HEAD,
    LONG_AGENCY,
    PERSON,
    every_state,
    file_bytes,
    inputs,
    trust,
    whole,
)
from tests.pdf.structure_check import faults, marked_texts

LONG_POSITION = " ".join(["Kepala Subbidang Pengembangan Kompetensi Aparatur pada " + LONG_AGENCY] * 6)
OUTSIDER = PersonValues("Siti Aminah", "", "", "Tenaga Kebersihan", "Kelurahan Bareng", "Kecamatan Klojen")


@lru_cache(maxsize=1)
def emblem():
    picture = Image.new("RGBA", (300, 360), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((10, 10, 290, 350), fill=(20, 90, 50, 255), outline=(200, 160, 20, 255), width=18)
    written = io.BytesIO()
    picture.save(written, "PNG")
    return read_emblem(written.getvalue())


def long_inputs(template="pakta_integritas", repeats=4, **changes):
    given = inputs(template, **changes)
    return replace(given, source=replace(given.source, points=given.source.points * repeats))


def picture(data, page):
    return pypdfium2.PdfDocument(data)[page].render(scale=1).to_pil().convert("L")


def pages_of(data):
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return len(pdf.pages)


@pytest.mark.parametrize("template", ["pakta_integritas", "ikrar_netralitas"])
@pytest.mark.parametrize("paper", ["F4", "A4"])
@pytest.mark.parametrize("repeats", [4, 8])
@pytest.mark.parametrize("with_emblem", [False, True])
def test_a_text_that_runs_on_is_tagged_and_reads_in_order(template, paper, repeats, with_emblem):
    given = long_inputs(template, repeats, paper=paper, countersign=True)
    given = replace(given, source=replace(given.source, emblem=emblem() if with_emblem else None))
    compiled = compile_template(given)
    data = whole(compiled, compiled.prepare(PERSON, code=CODE, prepared_at=AT))
    assert faults(data) == []
    pages = pages_of(data)
    assert pages == (2 if repeats == 4 else 3)
    texts = marked_texts(data)
    points = [b.text for b in statement(given.source, given.round_values, PERSON).blocks if b.kind == "point"]
    assert [text for text in texts if text in points] == points
    for page in range(pages):
        said = pypdfium2.PdfDocument(data)[page].get_textpage().get_text_bounded()
        assert f"Halaman {page + 1} dari {pages}" in said


def test_every_state_of_a_two_page_document_with_an_emblem_is_tagged_and_whole(office, tmp_path):
    given = long_inputs(countersign=True, trust=trust(office.authority))
    compiled = compile_template(replace(given, source=replace(given.source, emblem=emblem())))
    states = every_state(office, compiled)
    unsigned = compiled.unsigned(PERSON, code=CODE, prepared_at=AT)
    states["unsigned"] = compiled.variants[unsigned.variant].prefix + unsigned.tail
    for name, data in states.items():
        assert faults(data) == [], name
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(data)
        checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    said = subprocess.run(["pdfsig", tmp_path / "sealed.pdf"], capture_output=True, text=True, check=False).stdout
    assert said.count("Signature is Valid.") == 3


@pytest.mark.parametrize("paper", ["F4", "A4"])
@pytest.mark.parametrize("countersign", [False, True])
def test_a_person_who_fits_no_compiled_layout_gets_one_that_loses_no_word(paper, countersign):
    compiled = compile_template(inputs(paper=paper, countersign=countersign))
    official = replace(HEAD, position="Plt. " + LONG_POSITION[:400])
    person = replace(PERSON, position=LONG_POSITION[:600].strip(), countersigner=official)
    prepared = compiled.prepare(person, code=CODE, prepared_at=AT)
    assert prepared.variant >= compiled.frozen
    data = whole(compiled, prepared)
    assert faults(data) == []
    assert person.position in marked_texts(data)
    assert compiled.prepare(person, code=CODE, prepared_at=AT) == prepared
    again = compile_template(inputs(paper=paper, countersign=countersign))
    assert again.prepare(person, code=CODE, prepared_at=AT).digest == prepared.digest


@pytest.mark.parametrize("changes", [{"position": "sangat " * 1000}, {"name": "Siti Rahayu " * 40}])
def test_a_value_beyond_any_layout_is_refused(compiled, changes):
    with pytest.raises(DoesNotFit):
        compiled.prepare(replace(PERSON, **changes), code=CODE, prepared_at=AT)


@pytest.mark.parametrize(
    "name",
    [
        "Dr. H. Sa'diyah Nurul ʿAzīzah, S.Pd., M.Pd.",
        "I Gusti Ngurah Bagus Oka Wisnu Wardhana Kusumadiningrat, S.STP., M.AP.",
        "Łukasz Żółć",
    ],
)
def test_names_of_the_archipelago_are_printed_letter_by_letter(compiled, name):
    prepared = compiled.prepare(replace(PERSON, name=name), code=CODE, prepared_at=AT)
    assert prepared.variant == 0
    assert marked_texts(whole(compiled, prepared)).count(name) == 2


def test_the_general_path_draws_the_same_page_as_the_compiled_one():
    """The same person laid out twice: pushed down by the tail, and in a layout that was made for those very lines."""
    person = replace(PERSON, unit=LONG_AGENCY, agency="", position=LONG_AGENCY)
    compiled = compile_template(inputs())
    values = compiled.variants[0].values(person, AT)
    need = compiled.variants[0].needs(values, AT)
    assert need.reserved > 1
    place = compiled._place(replace(need, above=0, below=0, mark=0.0))
    usual = compiled.variants[0].prepare(0, values, CODE, AT)
    general = compiled.variants[place].prepare(place, values, CODE, AT)
    shown = [whole(compiled, prepared) for prepared in (usual, general)]
    assert shown[0] != shown[1]
    apart = ImageChops.difference(*[picture(data, 0) for data in shown])
    moved = sum(apart.histogram()[97:])
    assert moved < apart.width * apart.height * 0.002  # a rounding of a hundredth of a point, nothing else
    assert marked_texts(shown[0]) == marked_texts(shown[1])


def test_who_has_no_nip_is_printed_without_its_row(compiled):
    prepared = compiled.prepare(OUTSIDER, code=CODE, prepared_at=AT)
    data = whole(compiled, prepared)
    assert faults(data) == []
    texts = marked_texts(data)
    assert not {"NIP", "Pangkat, Gol. Ruang", "-"} & set(texts)
    assert not any(text.startswith("NIP") for text in texts)
    assert b"/V 7 0 R" in data
    other = compiled.prepare(replace(OUTSIDER, name="Budi"), code=CODE, prepared_at=AT)
    assert other.variant == prepared.variant


def test_what_goes_to_bsre_says_so_and_is_signed_nowhere_else():
    given = inputs(signing="bsre")
    compiled = compile_template(given)
    unsigned = compiled.unsigned(PERSON, code=CODE, prepared_at=AT)
    shown = pypdfium2.PdfDocument(compiled.variants[unsigned.variant].prefix + unsigned.tail)[0]
    assert "BSrE" in shown.get_textpage().get_text_bounded()
    with pytest.raises(InputInvalid):
        compiled.prepare(PERSON, code=CODE, prepared_at=AT)
    other = compile_template(inputs())
    plain = other.unsigned(PERSON, code=CODE, prepared_at=AT)
    shown = pypdfium2.PdfDocument(other.variants[plain.variant].prefix + plain.tail)[0]
    assert "BSrE" not in shown.get_textpage().get_text_bounded()


def test_a_signature_never_stands_alone_on_a_page(office):
    for repeats in range(2, 9):
        compiled = compile_template(long_inputs(repeats=repeats))
        prepared = compiled.prepare(PERSON, code=CODE, prepared_at=AT)
        data = whole(compiled, prepared)
        last = pypdfium2.PdfDocument(data)[pages_of(data) - 1].get_textpage().get_text_bounded()
        assert "saya bersedia menerima sanksi" in " ".join(last.split())


paragraphs = st.lists(st.integers(1, 12), min_size=1, max_size=30)


@given(lines=paragraphs, start=st.integers(250, 700))
def test_no_line_of_a_broken_paragraph_is_left_alone(lines, start):
    texts = [Paragraph(tuple("x" * count), 12, 15, 5) for count in lines]
    sheets = lay_out(texts, start, 700, 100)
    shown = [piece for sheet in sheets for piece in sheet.pieces]
    for index, count in enumerate(lines):
        parts = [(piece.first, piece.last) for piece in shown if piece.paragraph == index]
        assert [line for first, last in parts for line in range(first, last)] == list(range(count))
        assert len(parts) == 1 or all(last - first >= 2 for first, last in parts)
    for sheet in sheets:
        assert all(piece.y - (piece.last - piece.first - 1) * 15 >= 100 - 1e-6 for piece in sheet.pieces)
    kept = keep_company(texts, sheets, 700, len(texts) - 1)
    assert kept[-1].pieces[-1].last == lines[-1]


def test_the_frozen_variants_are_known_before_anyone_is_printed(compiled):
    assert [variant.shape for variant in compiled.variants[: compiled.frozen]] == [
        Shape(size) for size in (12.0, 11.0, 10.0, 9.0)
    ]


def test_a_countersigned_long_document_can_be_finished(office):
    compiled = compile_template(inputs(countersign=True, trust=trust(office.authority)))
    person = replace(PERSON, position=LONG_POSITION[:500].strip())
    document = office.archived(office.sealed(office.countersigned(office.signed(compiled, person))))
    assert faults(file_bytes(compiled, document)) == []
