"""`pakta bench`: counts what was verified again, and prints the figures scripts rely on."""

import json
import subprocess
import sys
import time

import pytest
import structlog

from app.cli.bench import measured
from app.cli.bench_seal import floor_rate
from app.core.settings import ServiceSettings
from app.core.telemetry import configure_logs


@pytest.mark.parametrize(("level", "leaves"), [("B-LTA", 2), ("B-B", 1)])
def test_documents_of_a_small_run_are_all_stored_logged_and_verified_again(level: str, leaves: int) -> None:
    command = [
        sys.executable,
        "-m",
        "app",
        "bench",
        "seal",
        "--people",
        "201",
        "--workers",
        "2",
        "--level",
        level,
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert (found["level"], found["documents"], found["workers"], found["faults"]) == (level, 201, 2, {})
    assert found["log_leaves"] >= leaves * 201
    assert 0 < found["bytes_per_document"] <= 12_000
    assert found["docs_per_second"] > found["docs_per_second_per_core"] > 0
    assert found["floor_ratio"] > 1
    assert found["peers"] == {}


def test_what_the_service_says_meanwhile_is_not_among_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    async def talkative() -> dict[str, int]:
        configure_logs(ServiceSettings())
        structlog.get_logger().info("personal.retention")
        return {"documents": 1}

    assert measured(talkative()) == {"documents": 1}
    told = capsys.readouterr()
    assert told.out == ""
    assert "personal.retention" in told.err


def test_the_floor_falls_with_the_signatures_a_document_needs() -> None:
    began = time.process_time()
    few, many = floor_rate(1, 100), floor_rate(40, 100)
    assert few > 2 * many
    assert 100 / few + 100 / many <= time.process_time() - began


def test_people_who_sign_over_http_are_all_in_the_register_and_every_request_was_timed() -> None:
    command = [
        sys.executable,
        "-m",
        "app",
        "bench",
        "http",
        "--people",
        "20",
        "--concurrent",
        "4",
        "--rate",
        "10",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert (found["people"], found["signed_in_the_register"], found["errors"], found["refused"]) == (20, 20, 0, {})
    assert set(found["requests"]) == {"open", "certificate", "signatures"}
    assert all(0 < request["p50_ms"] <= request["p95_ms"] for request in found["requests"].values())
    assert found["people_per_second"] > 0
    assert found["cpu_ms_per_person"]["server"] > 0  # of so few people the others take less than the clock ticks
