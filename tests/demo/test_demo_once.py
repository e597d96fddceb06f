"""`pakta demo --once` as a user runs it, and `pakta verify` on what it left behind: good, spoiled, foreign, junk."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from app.cli.recap import COUNTS, faults

PEOPLE, SIGNED = 500, 50


@dataclass
class Demo:
    """What a run printed, and the folder of its documents."""

    done: subprocess.CompletedProcess[str]
    exported: Path

    @property
    def result(self) -> dict[str, Any]:
        return json.loads(self.done.stdout)

    @property
    def documents(self) -> list[Path]:
        return sorted(self.exported.glob("*.pdf"))


def pakta(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PAKTA_")}
    return subprocess.run(
        [sys.executable, "-m", "app", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def verify(demo: Demo, *files: Path) -> tuple[int, list[dict[str, Any]]]:
    done = pakta("verify", "--trust", demo.exported / "root.pem", "--json", *files)
    assert "Traceback" not in done.stderr + done.stdout
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    options = ("--once", "--people", PEOPLE, "--sign", SIGNED / PEOPLE, "--json")
    done = pakta("demo", *options, "--data-dir", folder / "data", "--export", folder / "out")
    assert done.returncode == 0, done.stderr[-3000:]
    return Demo(done, folder / "out")


def test_stdout_is_one_json_document_and_people_read_stderr(demo: Demo) -> None:
    assert len(demo.done.stdout.splitlines()) == 1
    assert demo.result["people"] == PEOPLE
    assert "Semua angka cocok" in demo.done.stderr


def test_all_figures_reconcile(demo: Demo) -> None:
    result = demo.result
    assert faults(result["compliance"]) == []
    total, groups = result["compliance"]["total"], result["compliance"]["groups"]
    assert total["signed"] == result["signed"] == SIGNED
    assert total["total"] == PEOPLE
    assert len(groups) == 28
    for count in COUNTS:
        assert sum(group[count] for group in groups) == total[count]
    assert (result["sealed"], result["verified"], result["faults"]) == (2 * SIGNED, 2 * SIGNED, {})
    assert result["log_leaves"] == 2 * 2 * SIGNED + 2  # signed and sealed; the roster and the round
    assert set(result["seconds"]) == {"import", "open", "sign", "seal", "verify", "log", "total"}


def test_nothing_stays_behind_but_the_data(demo: Demo) -> None:
    data = demo.exported.parent / "data"
    assert not (data / "postgres/data/postmaster.pid").exists()
    assert list((data / "blobs/tmp").iterdir()) == []


def test_the_exported_documents_verify_offline(demo: Demo) -> None:
    assert len(demo.documents) == 20
    code, reports = verify(demo, *demo.documents)
    assert code == 0
    assert [report["verdict"] for report in reports] == ["valid"] * 20
    assert all([s["kind"] for s in report["signers"]][:2] == ["signer", "e_seal"] for report in reports)


def test_a_flipped_byte_makes_it_invalid_with_a_reason(demo: Demo, tmp_path: Path) -> None:
    data = bytearray(demo.documents[0].read_bytes())
    data[len(data) // 3] ^= 1
    spoiled = tmp_path / "spoiled.pdf"
    spoiled.write_bytes(data)
    code, (report,) = verify(demo, spoiled)
    assert code == 1
    assert report["verdict"] == "invalid"
    assert report["reason"]


def test_one_bad_document_among_good_ones_is_seen(demo: Demo, tmp_path: Path) -> None:
    spoiled = tmp_path / "spoiled.pdf"
    spoiled.write_bytes(demo.documents[0].read_bytes().replace(b"stream", b"stReam", 1))
    code, reports = verify(demo, demo.documents[1], spoiled)
    assert code == 1
    assert [report["verdict"] for report in reports] == ["valid", "invalid"]


def test_files_that_are_not_ours_are_not_judged(demo: Demo, tmp_path: Path) -> None:
    foreign, junk, empty = tmp_path / "foreign.pdf", tmp_path / "junk.pdf", tmp_path / "empty.pdf"
    canvas = Canvas(str(foreign))
    canvas.drawString(72, 720, "A letter of somebody else.")
    canvas.save()
    junk.write_bytes(bytes(range(256)) * 40)
    empty.touch()
    code, reports = verify(demo, foreign, junk, empty, tmp_path / "missing.pdf", tmp_path)
    assert code == 2
    assert [report["verdict"] for report in reports] == ["not_checked"] * 5
    assert all(report["reason"] for report in reports)


def test_without_a_root_nothing_is_vouched_for(demo: Demo, tmp_path: Path) -> None:
    done = pakta("verify", "--trust", tmp_path / "missing.pem", "--json", demo.documents[0])
    assert done.returncode == 2
    assert json.loads(done.stdout)["verdict"] == "not_checked"
    assert "Traceback" not in done.stderr


def test_a_folder_that_holds_a_demo_already_is_refused(demo: Demo) -> None:
    done = pakta(
        "demo", "--once", "--people", PEOPLE, "--sign", 0, "--json", "--data-dir", demo.exported.parent / "data"
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--data-dir" in done.stderr
    assert "Traceback" not in done.stderr
