"""Pages that follow from the code are what the code says today."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMPARE = """
import sys
sys.path.insert(0, "scripts")
from generate_docs import generated
for path, content in generated().items():
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        print(path)
"""


def test_generated_pages_are_fresh() -> None:
    """In a process of its own: jobs and refusals that tests declare are not the service's."""
    done = subprocess.run([sys.executable, "-c", COMPARE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == [], "run `make docs`"
