"""What obligations keep can contradict itself only by damage, and `pakta doctor` says so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from app.cli.main import cli
from tests.compliance.register import Register, write_round

CHANGE = (
    "INSERT INTO participant_change (round_id, employee_id, agency_id, batch_id, recorded_at, effective_on, kind, reason, from_state,"
    " to_state) SELECT round_id, employee_id, agency_id, gen_random_uuid(), now(), '2026-11-23', 'left', 'roster:left', 'pending', 'left'"
    " FROM participant LIMIT 1"
)


@pytest.fixture
def connection(fresh_database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(fresh_database, autocommit=True) as opened:
        yield opened


@pytest.fixture
def made(connection: psycopg.Connection[Any]) -> Register:
    return write_round(connection, people=12)


@pytest.fixture
def doctor(fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PAKTA_DATABASE_URL", fresh_database)
    monkeypatch.setenv("PAKTA_DATA_DIR", str(tmp_path / "data"))
    assert CliRunner().invoke(cli, ["keys", "init"]).exit_code == 0

    def call() -> Result:
        return CliRunner().invoke(cli, ["doctor", "--json"])

    return call


def test_each_damage_is_told_by_its_name_and_none_where_there_is_none(
    doctor: Any, made: Register, connection: psycopg.Connection[Any]
) -> None:
    def contradictions() -> Any:
        told = doctor()
        assert told.exit_code == (1 if json.loads(told.stdout)["wrong"] else 0)
        return json.loads(told.stdout)["contradictions"]

    assert contradictions() == {}
    connection.execute(
        "UPDATE roster_count SET people = people + 1 WHERE unit_id = (SELECT min(unit_id::text)::uuid FROM roster_count)"
    )
    assert set(contradictions()) == {"roster"}
    connection.execute(
        "UPDATE obligation SET exemption_id = gen_random_uuid() WHERE state = 'pending' AND employee_id = %s",
        (made.people[0],),
    )
    assert contradictions()["exemptions"] == 2
    connection.execute(CHANGE)
    assert contradictions()["changes"] == 1
    connection.execute("UPDATE round SET population_counts = '{}'")
    assert contradictions()["reasons"] == 2  # the register's exempt person has no reason
    connection.execute("INSERT INTO template (id, code, title) VALUES (gen_random_uuid(), 'ikrar_netralitas', '')")
    connection.execute(
        "INSERT INTO template_version (id, template_id, number, sha256, source, created_at)"
        " SELECT gen_random_uuid(), id, 1, '', '{}', now() FROM template"
    )
    connection.execute(
        "INSERT INTO round_pledge (round_id, pledge, place, template_version_id) SELECT %s, 'ikrar_netralitas', 0, id FROM template_version",
        (made.round_id,),
    )
    assert contradictions()["pledges"] == 12
