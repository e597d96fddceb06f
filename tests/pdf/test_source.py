import shutil

import pytest

from app.pdf.errors import GlyphMissing, TemplateClauseInvalid, TemplateClauseMissing, TemplateFieldUnknown
from app.pdf.source import load_source
from tests.pdf.pledge_files import TEMPLATES


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    return tmp_path / "templates" / "pakta_integritas"


def _edit(folder, before, after):
    path = folder / "template.toml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_comments_and_spacing_do_not_change_the_hash(folder):
    before = load_source(folder)
    _edit(folder, 'versi = "1"', '# catatan\nversi   =   "1"')
    assert load_source(folder).sha256 == before.sha256


def test_one_changed_word_changes_the_hash(folder):
    before = load_source(folder)
    _edit(folder, "Menolak politik uang", "Menjauhi politik uang")
    assert load_source(folder).sha256 != before.sha256


def test_a_template_may_bring_its_own_layout(folder):
    shared = load_source(folder)
    layout = (folder.parent / "tata_letak.toml").read_text(encoding="utf-8")
    (folder / "tata_letak.toml").write_text(layout.replace("kiri_mm = 30", "kiri_mm = 20"), encoding="utf-8")
    own = load_source(folder)
    assert (shared.layout.left, own.layout.left) == (30, 20)
    assert own.sha256 != shared.sha256


@pytest.mark.parametrize("clause", ["judul", "pernyataan", "butir", "penutup", "dasar_hukum", "kode"])
def test_a_missing_clause_is_named(folder, clause):
    _edit(folder, f"\n{clause} = ", f"\n{clause}_lama = ")
    with pytest.raises((TemplateClauseMissing, TemplateClauseInvalid)) as refusal:
        load_source(folder)
    assert refusal.value.clause.startswith(clause)


@pytest.mark.parametrize("clause", ["penutup", "kaki"])
def test_an_absent_clause_is_missing(folder, clause):
    path = folder / "template.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith(clause)), encoding="utf-8")
    with pytest.raises(TemplateClauseMissing) as refusal:
        load_source(folder)
    assert refusal.value.clause == clause


def test_an_empty_clause_is_missing(folder):
    _edit(folder, 'pernyataan = "dengan ini menyatakan:"', 'pernyataan = "  "')
    with pytest.raises(TemplateClauseMissing):
        load_source(folder)


def test_an_unknown_field_is_named_with_its_clause(folder):
    _edit(folder, "dengan ini menyatakan", "dengan ini {gelar} menyatakan")
    with pytest.raises(TemplateFieldUnknown) as refusal:
        load_source(folder)
    assert (refusal.value.clause, refusal.value.field) == ("pernyataan", "gelar")


def test_a_personal_field_has_no_place_in_the_text_of_everybody(folder):
    _edit(folder, "dengan ini menyatakan", "dengan ini {nama} menyatakan")
    with pytest.raises(TemplateFieldUnknown):
        load_source(folder)


@pytest.mark.parametrize(
    "text", ["dengan {tahun menyatakan", "dengan {tahun.real} x", "dengan {} x", "dengan {tahun!r}"]
)
def test_other_braces_are_refused(folder, text):
    _edit(folder, "dengan ini menyatakan:", text)
    with pytest.raises(TemplateClauseInvalid):
        load_source(folder)


def test_a_character_without_a_glyph_is_refused_when_the_template_is_read(folder):
    _edit(folder, "dengan ini menyatakan", "dengan ini → menyatakan")
    with pytest.raises(GlyphMissing):
        load_source(folder)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('pernyataan = "dengan ini menyatakan:"', "pernyataan = 3"),
        ("ruang_baris = 4", "ruang_baris = 0"),
        ('nama = "Pakta', 'nama = "Pakta\x00'),
        ("[identitas]", "[identitas"),
    ],
)
def test_values_of_another_kind_and_broken_files_are_refused(folder, before, after):
    _edit(folder, before, after)
    with pytest.raises(TemplateClauseInvalid):
        load_source(folder)


def test_a_folder_without_template_is_refused(tmp_path):
    with pytest.raises(TemplateClauseMissing):
        load_source(tmp_path)
