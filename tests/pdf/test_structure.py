import io
import subprocess

import pikepdf
import pytest

from app.pdf.compiler import compile_template
from tests.pdf.pledge_files import AT, CODE, LONGEST_PERSON, PERSON, inputs, whole
from tests.pdf.structure_check import faults


@pytest.mark.parametrize("template", ["pakta_integritas", "ikrar_netralitas"])
@pytest.mark.parametrize("paper", ["F4", "A4"])
@pytest.mark.parametrize("countersign", [False, True])
@pytest.mark.parametrize("person", [PERSON, LONGEST_PERSON])
def test_every_template_paper_and_person_is_tagged_and_archival(template, paper, countersign, person):
    compiled = compile_template(inputs(template, paper=paper, countersign=countersign))
    prepared = compiled.prepare(person, code=CODE, prepared_at=AT)
    assert faults(whole(compiled, prepared)) == []


def test_every_state_is_tagged_and_archival(states):
    assert not [fault for data in states.values() for fault in faults(data)]


def test_qpdf_finds_nothing_in_any_state(states, tmp_path):
    for name, data in states.items():
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(data)
        checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def _unpacked(data):
    with pikepdf.open(io.BytesIO(data)) as pdf:
        written = io.BytesIO()
        options = pikepdf.StreamDecodeLevel.generalized
        pdf.save(written, stream_decode_level=options, compress_streams=False, qdf=True, static_id=True)
    return written.getvalue()


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        (b"/Lang(id-ID)", b"/Lamg(id-ID)", "UA 7.2"),
        (b"/Marked true", b"/Markex true", "UA 6.2"),
        (b"/Tabs/S", b"/Tabs/R", "UA 7.18.3"),
        (b"/F 132", b"/F 134", "A 6.3.2"),
        (b"/Scope/Row", b"/Scoqe/Row", "UA 7.5"),
        (b"/S/Form", b"/S/Fork", "UA 7.18.4"),
        (b"/S/LBody", b"/S/LBodx", "UA 7.1"),
        (b"/ToUnicode", b"/ToUnicodx", "A 6.2.11.7"),
        (b"conformance>A<", b"conformance>B<", "XMP"),
        (b"GTS_PDFA1", b"GTS_PDFX1", "A 6.2.3"),
        (b"/AP<<", b"/AQ<<", "A 6.3.3"),
        (b"/StructParents 0", b"/StructParenty 0", "UA 7.1"),
        (b"/S/H1", b"/S/H2", "UA 7."),
        (b"/S/Figure", b"/S/Figurx", "UA 7.1"),
        (b"/Alt(Kode", b"/Alu(Kode", "UA 7.3"),
        (b"/TU(Segel", b"/TV(Segel", "UA 7.18.1"),
        (b"DisplayDocTitle true", b"DisplayDocTitlf true", "UA 7.1"),
        (b"/CIDToGIDMap", b"/CIDToGIDMaq", "A 6.2.11.3"),
        (b"/FontFile2", b"/FontFile3", "A 6.2.11.4"),
        (b"<dc:title>", b"<dc:titlf>", "XMP"),
        (b"pdfaSchema:prefix>pdfuaid", b"pdfaSchema:prefix>pdfuaix", "XMP"),
        (b"/SigFlags 3", b"/NeedAppearances true/SigFlags 3", "A 6.4.1"),
        (b"Tj ET", b"TjxET", "A 6.2.2"),
        (b"\nT*\n", b"\nT*T\n", "A 6.2.2"),
    ],
)
def test_the_check_sees_a_broken_rule(states, before, after, rule):
    data = states["signed"]
    if before not in data:  # it stands in a packed stream
        data = _unpacked(data)
    assert before in data
    found = faults(data.replace(before, after))
    assert any(fault.startswith(rule) for fault in found), found
