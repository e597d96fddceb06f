"""Places to die at: nothing happens unless a test asks, and production refuses to be asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.core import faults
from app.core.errors import CannotStart
from app.core.settings import ServiceSettings, Settings

PROGRAM = "from app.core.faults import Step, reached; reached(Step.BUILT); print('alive', flush=True)"


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {faults.VARIABLE: str(folder), "PATH": ""}
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)


def test_a_process_dies_once_at_the_place_asked_for(tmp_path: Path) -> None:
    (tmp_path / faults.Step.BUILT).write_text("")
    died = run(tmp_path)
    assert (died.returncode, died.stdout) == (-9, "")
    assert run(tmp_path).stdout == "alive\n"


def test_another_process_may_be_the_victim(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as victim:
        (tmp_path / faults.Step.BUILT).write_text(str(victim.pid))
        assert run(tmp_path).stdout == "alive\n"
        assert victim.wait(10) == -9


def test_another_place_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / faults.Step.SEALED).write_text("")
    assert run(tmp_path).stdout == "alive\n"
    assert (tmp_path / faults.Step.SEALED).exists()


def test_production_refuses_to_start_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(faults.VARIABLE, str(tmp_path))
    with pytest.raises(CannotStart, match=faults.VARIABLE):
        Settings(given=[ServiceSettings(mode="production", base_url="https://pakta.example")])
