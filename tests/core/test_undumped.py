"""No core dump of ours: neither as a file nor to a collector."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATE = "import ctypes,resource;print(resource.getrlimit(resource.RLIMIT_CORE)[0],ctypes.CDLL(None).prctl(3,0,0,0,0))"
COMMAND = f"""
import runpy, sys
sys.argv = ["pakta", "--help"]
try:
    runpy.run_module("app", run_name="__main__")
except SystemExit:
    pass
{STATE}
"""


def allow_dumps() -> None:
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_every_command_runs_with_its_memory_kept_out_of_dumps() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=allow_dumps,
    )
    assert ended.stdout.splitlines()[-1] == "0 0"


def test_a_crash_leaves_no_dump(tmp_path: Path) -> None:
    crash = "from app.core.undumped import keep_out_of_dumps; keep_out_of_dumps(); import os; os.abort()"
    child = subprocess.Popen(
        [sys.executable, "-c", crash],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        preexec_fn=allow_dumps,  # noqa: PLW1509 - the child has one thread
    )
    _, status = os.waitpid(child.pid, 0)
    child.returncode = status
    assert os.WIFSIGNALED(status)
    assert not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []
