import subprocess

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
    ],
)
def test_the_check_sees_a_broken_rule(states, before, after, rule):
    assert before in states["signed"]
    found = faults(states["signed"].replace(before, after))
    assert any(fault.startswith(rule) for fault in found), found
