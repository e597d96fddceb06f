"""`pakta bench compliance`: every promised query is measured, over figures that equal a recount."""

import json
import subprocess
import sys

from app.cli.bench_compliance import BUDGET_MS, missed
from app.cli.bench_looks import EXTRA_MS, POLLS_A_SECOND


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
        assert 0 < ms["http_p50_ms"] <= ms["http_p95_ms"], name
    assert set(found["http_budget_ms"]) == set(BUDGET_MS)
    assert all(told["per_second"] > 0 for told in size["polls"].values())
    assert set(size["upkeep_ms"]) == {"first_count_ms", "rebuild_ms", "verify_ms"}


def test_what_is_over_its_promise_is_named() -> None:
    within = {name: {"p95_ms": most, "http_p95_ms": most + EXTRA_MS} for name, most in BUDGET_MS.items()}
    polls = {"administrator": {"per_second": float(POLLS_A_SECOND)}}
    assert missed(within, polls) == []
    within["by opd"]["p95_ms"] += 0.01
    within["trend by hour"]["http_p95_ms"] += 0.01
    polls["administrator"]["per_second"] -= 1
    assert missed(within, polls) == ["by opd", "trend by hour, over HTTP", "polls of administrator"]
