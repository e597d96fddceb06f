"""What we ship is told completely and the same each time; what cannot be audited is never called clean."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema_rs

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.lock").read_text()
COPYLEFT = re.compile(r"\b(A?GPL|SSPL|BUSL)", re.IGNORECASE)
SCHEMAS = ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json", "cryptography-defs.SNAPSHOT.schema.json")
WEAK = {"psycopg", "psycopg-binary", "psycopg-pool"}  # LGPL: used as they are


def load() -> Any:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "scripts/sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bill_of_materials_holds_every_locked_package_with_licence_files_and_askers() -> None:
    bill = json.loads(load().build(LOCK, "1.2.3"))
    pinned = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", LOCK, re.MULTILINE))
    parts = {part["name"]: part for part in bill["components"]}
    assert {name: part["version"] for name, part in parts.items()} == pinned
    assert len(pinned) > 80
    digests = [h["content"] for part in parts.values() for h in part["externalReferences"][0]["hashes"]]
    assert sorted(digests) == sorted(re.findall(r"sha256:([0-9a-f]{64})", LOCK))
    told = {name: json.dumps(part["licenses"]) for name, part in parts.items()}
    assert {name for name, licence in told.items() if COPYLEFT.search(licence.replace("LGPL", ""))} == set()
    assert {name for name, licence in told.items() if "LGPL" in licence} <= WEAK
    asked = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert any(ref.startswith("pkg:pypi/fastapi@") for ref in asked["pakta"])
    reached = {ref for refs in asked.values() for ref in refs}
    assert reached == {part["bom-ref"] for part in parts.values()}
    assert bill["metadata"]["component"]["version"] == "1.2.3"


def test_the_bill_follows_the_standards_schema_and_is_made_again_byte_by_byte() -> None:
    sbom = load()
    bill = sbom.build(LOCK, "1.2.3")
    assert bill == sbom.build(LOCK, "1.2.3")
    assert bill != sbom.build(LOCK, "1.2.4")
    folder = resources.files("cyclonedx.schema") / "_res"

    def found(name: str) -> Any:
        return json.loads((folder / name).read_text())

    beside = {f"http://cyclonedx.org/schema/{n}": found(n) for n in SCHEMAS}
    validator = jsonschema_rs.validator_for(
        found("bom-1.6.SNAPSHOT.schema.json"), registry=jsonschema_rs.Registry(list(beside.items()))
    )
    validator.validate(json.loads(bill))
    assert not validator.is_valid(json.loads(bill) | {"components": [{"name": "no type"}]})


def test_an_audit_that_cannot_ask_is_not_clean(tmp_path: Path) -> None:
    nowhere = {
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "PIP_INDEX_URL": "https://127.0.0.1:9/",
        "XDG_CACHE_HOME": str(tmp_path),
    }
    for arguments, more, expected in (
        ([], {}, 2),
        (["--if-reachable"], {"PAKTA_AUDIT": "required"}, 2),
        (["--if-reachable"], {"PAKTA_AUDIT": ""}, 0),
    ):
        done = subprocess.run(
            [ROOT / "scripts/audit", *arguments],
            env=os.environ | nowhere | more,
            capture_output=True,
            text=True,
            check=False,
        )
        told = "could not be asked" in done.stderr, "NOT AUDITED" in done.stderr
        assert (done.returncode, told) == (expected, (True, expected == 0)), done.stdout[-500:]


def test_the_check_scans_for_weaknesses_and_asks_for_known_ones() -> None:
    told = subprocess.run(["make", "-n", "check"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "-m ruff check ." in told
    assert "scripts/audit --if-reachable" in told
    weak = (
        "import hashlib, pickle, subprocess, yaml, random, tempfile\n"
        "def f(x, session):\n"
        "    subprocess.run(x, shell=True)\n"
        "    pickle.loads(x)\n"
        "    eval(x)\n"
        "    yaml.load(x)\n"
        "    hashlib.md5(x)\n"
        "    random.random()\n"
        "    tempfile.mktemp()\n"
        "    session.execute(f'SELECT a FROM t WHERE b = {x}')\n"
    )
    scan = [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "--stdin-filename", "app/weak.py", "-"]
    found = subprocess.run(scan, cwd=ROOT, input=weak, capture_output=True, text=True, check=False).stdout
    assert set(re.findall(r" (S\d{3}) ", found)) >= {"S301", "S306", "S307", "S311", "S324", "S506", "S602", "S608"}


def test_every_exception_of_the_audit_has_its_reason() -> None:
    lines = (ROOT / "scripts/audit-exceptions").read_text().splitlines()
    named = [line for line in lines if line.partition("#")[0].strip()]
    assert [line for line in named if len(line.partition("#")[2].strip()) < 20] == []
