import json
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from app.pdf.compiler import compile_template
from app.pdf.errors import GlyphMissing, InputInvalid, TemplateDoesNotFit, ValueMissing
from app.pdf.inputs import CompileInputs, TrustMaterial
from tests.pdf.pledge_files import AT, CODE, LONG_AGENCY, PERSON, VERIFY_URL, inputs, whole
from tests.pdf.structure_check import faults, marked_texts

_ELSEWHERE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tests.pdf.pledge_files import AT, CODE, PERSON, compiled_in_json
compiled = compiled_in_json(sys.stdin.read())
prepared = compiled.prepare(PERSON, code=CODE, prepared_at=AT)
print(json.dumps([[v.prefix_sha256 for v in compiled.variants], prepared.digest.hex(), prepared.hole]))
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_makes_the_same_bytes_from_the_stored_inputs(seed):
    given = inputs(countersign=True, trust=TrustMaterial((b"\x30\x00",), (b"\x30\x01\x00",)))
    answer = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(Path(__file__).parents[2])],
        input=given.to_json(),
        env={"PYTHONHASHSEED": seed, "TZ": "Asia/Jayapura"},
        capture_output=True,
        text=True,
        check=True,
    )
    compiled = compile_template(given)
    prepared = compiled.prepare(PERSON, code=CODE, prepared_at=AT)
    expected = [[v.prefix_sha256 for v in compiled.variants], prepared.digest.hex(), list(prepared.hole)]
    assert json.loads(answer.stdout) == expected


def test_inputs_survive_json():
    given = inputs("ikrar_netralitas", paper="A4", trust=TrustMaterial((b"\x00\xff",), (b"",)))
    again = CompileInputs.from_json(given.to_json())
    assert again == given
    assert again.to_json() == given.to_json()
    assert again.source.sha256 == given.source.sha256


def test_the_hash_names_the_prefix(compiled):
    assert compiled.prefix_sha256 == sha256(compiled.prefix).hexdigest()
    frozen = compiled.variants[: compiled.frozen]
    assert len({variant.prefix_sha256 for variant in frozen}) == len(frozen) == 4


def test_the_qr_code_on_the_page_leads_to_the_document(compiled):
    prepared = compiled.prepare(PERSON, code=CODE, prepared_at=AT)
    page = pypdfium2.PdfDocument(whole(compiled, prepared))[0]
    found = zxingcpp.read_barcodes(page.render(scale=110 / 72).to_pil())
    assert [code.text for code in found] == [VERIFY_URL + CODE]


def test_fonts_are_embedded_subsets(compiled, tmp_path):
    prepared = compiled.prepare(PERSON, code=CODE, prepared_at=AT)
    path = tmp_path / "pledge.pdf"
    path.write_bytes(whole(compiled, prepared))
    listed = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()[2:]]
    assert sorted(row[0] for row in rows) == ["PAKTAA+Arimo-Bold", "PAKTAA+Arimo-Regular"]
    assert all(row[-5:-2] == ["yes", "yes", "yes"] for row in rows)


def test_a_text_too_long_for_the_pages_of_its_layout_is_refused_with_its_excess():
    source = inputs().source
    with pytest.raises(TemplateDoesNotFit) as refusal:
        compile_template(inputs(source=replace(source, points=source.points * 20)))
    assert refusal.value.excess > 100
    assert refusal.value.params["size"] == 12


def test_a_paper_that_the_layout_lacks_is_refused():
    with pytest.raises(TemplateDoesNotFit):
        compile_template(inputs(paper="A3"))


@pytest.mark.parametrize("letterhead", [(), ("PEMERINTAH KOTA CONTOH",), (LONG_AGENCY, LONG_AGENCY, "Jalan", "Laman")])
def test_letterheads_of_any_length_are_set(letterhead):
    given = inputs(letterhead=letterhead)
    compiled = compile_template(given)
    data = whole(compiled, compiled.prepare(PERSON, code=CODE, prepared_at=AT))
    assert faults(data) == []
    assert tuple(marked_texts(data)[: len(letterhead)]) == letterhead


def test_an_address_too_long_for_its_line_is_refused():
    with pytest.raises(TemplateDoesNotFit) as refusal:
        compile_template(inputs(verify_url="https://pakta." + "panjang." * 12 + "go.id/v/"))
    assert refusal.value.part == "alamat pemeriksaan"


def test_a_letterhead_that_cannot_be_shown_is_refused():
    with pytest.raises(GlyphMissing) as refusal:
        compile_template(inputs(letterhead=("PEMERINTAH 市",)))
    assert refusal.value.characters == "市"


def test_a_missing_round_value_is_refused():
    with pytest.raises(ValueMissing) as refusal:
        compile_template(inputs(round_values={"tahun": "2026", "instansi": "Pemerintah Kota Contoh"}))
    assert refusal.value.field == "jenis_pemilihan"


@pytest.mark.parametrize(
    "change",
    [
        {"zone": "UTC"},
        {"verify_url": "https://contoh.id/ v/"},
        {"verify_url": "https://çontoh.id/v/"},
        {"signature_room": 0},
    ],
)
def test_settings_that_no_document_could_be_made_with_are_refused(change):
    with pytest.raises(InputInvalid):
        inputs(**change)
