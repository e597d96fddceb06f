"""`pakta doctor`: it says what is wrong, changes nothing unless told to, and repairs figures when it is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from app.cli.main import cli
from tests.compliance.register import OPENED, PLEDGES, Register, move, write_round


@pytest.fixture
def connection(fresh_database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(fresh_database, autocommit=True) as opened:
        yield opened


@pytest.fixture
def run(fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PAKTA_DATABASE_URL", fresh_database)
    monkeypatch.setenv("PAKTA_DATA_DIR", str(tmp_path / "data"))

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    assert call("keys", "init").exit_code == 0
    return call


@pytest.fixture
def counted(run, connection: psycopg.Connection[Any]) -> Register:
    """A round whose figures somebody has read."""
    made = write_round(connection, people=20)
    assert run("recap", str(made.round_id), "--format", "json").exit_code == 0
    move(connection, made, made.people[0], PLEDGES, "signed", OPENED)
    return made


def test_a_sound_service_is_called_sound(run, counted: Register) -> None:
    told = run("doctor", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert (found["ok"], found["unsealed_documents"], found["log_queue"]) == (True, 0, 0)
    (compared,) = found["rounds"]
    assert compared["id"] == str(counted.round_id)
    assert compared["groups"] > 15
    assert (compared["wrong"], compared["people_at_odds"]) == (0, 0)
    assert "Semuanya baik." in run("doctor").stdout


def test_a_wrong_figure_is_told_and_left_until_repair_is_asked_for(
    run, counted: Register, connection: psycopg.Connection[Any]
) -> None:
    connection.execute("UPDATE compliance_cell SET pending = pending - 1 WHERE dimension = 'opd'")
    for _ in range(2):
        told = run("doctor", "--json")
        assert told.exit_code == 1
        assert json.loads(told.stdout)["rounds"][0]["wrong"] == 3
    repaired = run("doctor", "--repair", "--json")
    assert repaired.exit_code == 0, repaired.output
    assert json.loads(repaired.stdout)["repaired"] == [str(counted.round_id)]
    assert run("doctor").exit_code == 0


def test_a_wrong_counter_of_documents_is_told_and_repaired(
    run, counted: Register, connection: psycopg.Connection[Any]
) -> None:
    connection.execute("INSERT INTO compliance_document VALUES (%s, %s, 0, 1)", (counted.round_id, counted.units[0][1]))
    told = json.loads(run("doctor", "--json").stdout)
    assert (told["ok"], told["documents"]) == (False, {"groups": 1, "wrong": 1})
    repaired = json.loads(run("doctor", "--repair", "--json").stdout)
    assert (repaired["ok"], repaired["repaired"], repaired["documents"]["wrong"]) == (True, ["documents"], 0)


def test_a_person_at_odds_is_told_and_not_repaired(run, counted: Register, connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "UPDATE participant SET n_pending = 1, n_signed = 1 WHERE employee_id = %s", (counted.people[1],)
    )
    told = run("doctor", "--repair")
    assert told.exit_code == 1
    assert "1 pegawai" in told.output


def test_an_old_schema_is_told_and_not_changed(run, connection: psycopg.Connection[Any]) -> None:
    connection.execute("UPDATE alembic_version SET version_num = '0002'")
    told = run("doctor", "--json")
    assert told.exit_code == 1
    assert "pakta db upgrade" in told.stdout
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone()[0] == "0002"


def test_a_service_that_never_ran_gets_no_database_from_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAKTA_DATA_DIR", str(tmp_path / "new"))
    told = CliRunner().invoke(cli, ["doctor", "--json"])
    assert told.exit_code == 1
    assert "keys.missing" in told.stdout
    assert not (tmp_path / "new").exists()
