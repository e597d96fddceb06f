"""`pakta reminder …`: the dry run and the run say the same, and what is stopped stays stopped."""

import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from app.cli.main import cli
from tests.compliance.register import Register, write_round


@pytest.fixture
def register(fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Register:
    settings = {
        "PAKTA_DATABASE_URL": fresh_database,
        "PAKTA_DATA_DIR": str(tmp_path / "data"),
        "PAKTA_SMTP_URL": f"dir://{tmp_path}/mail",
        "PAKTA_REMINDER_QUIET_FROM": "00:00",
        "PAKTA_REMINDER_QUIET_UNTIL": "00:00",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with psycopg.connect(fresh_database) as connection:
        made = write_round(connection, people=10)
        connection.execute(
            "UPDATE employee SET email = 'p' || right(nip, 2) || '@kota.example' WHERE right(nip, 1) <> '0'"
        )
        connection.execute(
            "UPDATE round SET opens_at = now() - interval '1 day', closes_at = now() + interval '9 days'"
        )
    return made


def call(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [str(one) for one in arguments])
    return done.exit_code, done.stdout


def test_the_dry_run_says_what_the_run_does(register: Register, tmp_path: Path) -> None:
    code, told = call("reminder", "preview", register.round_id, "--json")
    rows = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert code == 0
    assert sorted(row["outcome"] for row in rows) == ["no_channel"] + ["send"] * 8
    assert "no_channel" in call("reminder", "preview", register.round_id)[1]
    code, told = call("reminder", "run", register.round_id, "--json")
    found = json.loads(told.splitlines()[-1])
    assert (code, found["state"], found["counts"]) == (0, "done", {"sent": 8, "skipped": 1})
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 8


def test_what_is_stopped_sends_nothing_until_it_is_resumed(register: Register, tmp_path: Path) -> None:
    assert call("reminder", "stop", "--reason", "salah naskah")[0] == 0
    code, told = call("reminder", "run", register.round_id, "--json")
    assert (code, json.loads(told.splitlines()[-1])["counts"]) == (1, {})
    assert list((tmp_path / "mail").glob("*.eml")) == []
    assert call("reminder", "resume")[0] == 0
