"""`pakta bench compliance`: every promised query is measured, over figures that equal a recount."""

import json
import subprocess
import sys

from app.cli.bench_compliance import BUDGET_MS


def test_a_small_run_measures_every_query_and_finds_nothing_wrong() -> None:
    command = [sys.executable, "-m", "app", "bench", "compliance", "--people", "2000", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    (size,) = found["sizes"]
    assert (size["people"], size["wrong"], found["wrong"]) == (2000, 0, 0)
    assert set(BUDGET_MS) <= set(size["queries"])
    for name, ms in size["queries"].items():
        assert 0 < ms["p50_ms"] <= ms["p95_ms"], name
        assert ms["p50_ms"] < ms["total_ms"], name
