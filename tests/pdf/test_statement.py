import subprocess

import pytest

from app.pdf.compiler import compile_template
from app.pdf.person import PersonValues
from app.pdf.statement import statement
from tests.pdf.pledge_files import AT, CODE, LONGEST_PERSON, PERSON, VERIFY_URL, inputs, whole
from tests.pdf.structure_check import marked_texts


def _read(given, person):
    return statement(given.source, given.round_values, person, place=given.place)


def _printed(given, person):
    """The statement as a list of texts, as the page should print them between letterhead and QR code."""
    read = _read(given, person)
    texts = [" ".join(read.title)]
    for block in read.blocks:
        if block.kind == "signature" and texts[-1].startswith("Dasar hukum"):
            texts.append("Kota Contoh, 2 Maret 2026")
        texts += [block.label, block.text] if block.label else [block.text]
    return texts


@pytest.mark.parametrize("template", ["pakta_integritas", "ikrar_netralitas"])
@pytest.mark.parametrize("paper", ["F4", "A4"])
@pytest.mark.parametrize("person", [PERSON, LONGEST_PERSON, PersonValues("Budi", "", "", "", "", "")])
def test_what_is_read_is_word_for_word_what_is_printed(template, paper, person):
    given = inputs(template, paper=paper)
    compiled = compile_template(given)
    data = whole(compiled, compiled.prepare(person, code=CODE, prepared_at=AT))
    expected = [*given.letterhead, *_printed(given, person)]
    assert marked_texts(data) == [*expected, f"Periksa keaslian dokumen ini di {VERIFY_URL}{CODE}"]


def test_plain_text_extraction_reads_in_the_same_order(compiled, tmp_path):
    path = tmp_path / "pledge.pdf"
    path.write_bytes(whole(compiled, compiled.prepare(PERSON, code=CODE, prepared_at=AT)))
    extracted = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, text=True, check=True).stdout
    text, at = " ".join(extracted.split()), 0
    for expected in _printed(inputs(), PERSON):
        at = text.index(expected, at) + len(expected)
    mark = text[at:]
    for expected in ("Ditandatangani secara elektronik oleh", PERSON.name, PERSON.position, "tidak tersertifikasi"):
        assert expected in mark
    assert "Disiapkan 2 Maret 2026 pukul 10.04 WIB" in mark


def test_the_pact_holds_the_official_wording():
    read = _read(inputs(), PERSON)
    assert read.title == (
        "PAKTA INTEGRITAS NETRALITAS",
        "PEGAWAI APARATUR SIPIL NEGARA",
        "PADA PEMILIHAN KEPALA DAERAH SERENTAK TAHUN 2026",
    )
    points = [block.text for block in read.blocks if block.kind == "point"]
    assert points[0] == (
        "Menjaga dan menegakkan prinsip netralitas Pegawai ASN di instansi saya dalam melaksanakan fungsi pelayanan "
        "publik baik sebelum, selama, maupun sesudah pelaksanaan Pemilihan Kepala Daerah Serentak Tahun 2026."
    )
    assert points[3] == "Menolak politik uang dan segala jenis pemberian dalam bentuk apapun."
    assert [block.label for block in read.blocks if block.kind == "identity"] == [
        "Nama", "NIP", "Pangkat, Gol. Ruang", "Jabatan", "Unit Kerja", "Instansi",
    ]  # fmt: skip


def test_a_unit_is_named_with_its_agency_once():
    def unit(unit, agency):
        person = PersonValues("Budi", "1", "", "", unit, agency)
        return next((block.text for block in _read(inputs(), person).blocks if block.label == "Unit Kerja"), None)

    assert unit("Subbagian Umum", "Dinas Kesehatan") == "Subbagian Umum, Dinas Kesehatan"
    assert unit("Bidang I Dinas Kesehatan", "Dinas Kesehatan") == "Bidang I Dinas Kesehatan"
    assert unit("", "Dinas Kesehatan") == "Dinas Kesehatan"
    assert unit("", "") is None
