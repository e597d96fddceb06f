"""Every template on every paper in every state keeps the rules of PDF/A-2a and PDF/UA-1, and other people's programs accept it."""

import subprocess
from dataclasses import replace

import pytest

from app.pdf.compiler import compile_template
from tests.pdf.pledge_files import AT, CODE, HEAD, PERSON, every_state, inputs, trust
from tests.pdf.structure_check import faults


@pytest.mark.parametrize("template", ["pakta_integritas", "ikrar_netralitas"])
@pytest.mark.parametrize("paper", ["F4", "A4"])
@pytest.mark.parametrize("countersign", [True, False])
def test_every_state_keeps_every_rule(office, tmp_path, template, paper, countersign):
    compiled = compile_template(inputs(template, paper=paper, countersign=True, trust=trust(office.authority)))
    states = every_state(office, compiled) if countersign else {}
    for signing in ("device", "bsre", "paper"):
        given = inputs(template, paper=paper, countersign=countersign, signing=signing)
        blank = compile_template(given)
        person = replace(PERSON, countersigner=HEAD if countersign else None)
        unsigned = blank.unsigned(person, code=CODE, prepared_at=AT)
        states[f"unsigned for {signing}"] = blank.variants[unsigned.variant].prefix + unsigned.tail
    for name, data in states.items():
        assert faults(data) == [], name
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(data)
        checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, (name, checked.stdout + checked.stderr)
        fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
        assert fonts, name
        assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts), fonts  # embedded, subset, Unicode
        if "signed" in name and not name.startswith("un"):
            said = subprocess.run(["pdfsig", path], capture_output=True, text=True, check=False).stdout
            assert said.count("Signature is Valid.") == said.count("Signature Validation:") > 0, (name, said)
