"""The command line as a user meets it: help and README agree, refusals are sentences with an exit code."""

import json
import re
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from app.cli.main import cli
from app.cli.recap import faults
from tests.service import HEADER, PEOPLE, UNITS

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def run(fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PAKTA_DATABASE_URL", fresh_database)
    monkeypatch.setenv("PAKTA_DATA_DIR", str(tmp_path / "data"))

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(cli, [str(a) for a in arguments])

    return call


@pytest.fixture
def roster(tmp_path: Path) -> tuple[Path, Path]:
    spoiled = [*PEOPLE, PEOPLE[0].replace("198501012010012001", "1.98501E+17"), PEOPLE[1].replace("P2", "P9")]
    roster, units = tmp_path / "roster.csv", tmp_path / "unor.csv"
    roster.write_text("\n".join([HEADER, *spoiled]), encoding="utf-8")
    units.write_text(UNITS, encoding="utf-8")
    return roster, units


def test_every_command_the_readme_shows_exists() -> None:
    shown = set(re.findall(r"\./pakta ([a-z]+(?: (?:import|create|open|check))?)", README.read_text()))
    assert {"roster import", "round create", "round open", "recap", "verify", "token create", "demo"} <= shown
    for command in shown:
        assert CliRunner().invoke(cli, [*command.split(), "--help"]).exit_code == 0, command


def test_every_option_the_readme_shows_exists() -> None:
    text = README.read_text().replace("\\\n", " ")
    for line in re.findall(r"(?:\$ )?\./pakta [^\n#`]+", text):
        words = line.replace("$ ", "").split()[1:]
        path = [word for word in words[:2] if re.fullmatch("[a-z]+", word)]
        told = CliRunner().invoke(cli, [*path, "--help"], env={"COLUMNS": "200"}).stdout
        if "Missing command" in told or not told:
            told = CliRunner().invoke(cli, [path[0], "--help"], env={"COLUMNS": "200"}).stdout
        for option in re.findall(r"--[a-z-]+", line):
            assert option in told, (line, option)


def test_a_dry_run_tells_every_row_and_keeps_nothing(run, roster) -> None:
    file, units = roster
    told = run("roster", "import", file, "--units", units, "--dry-run", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["counts"]["rows"] == 8
    assert {(r["row"], r["codes"][0]) for r in found["rows"]} == {(8, "nip.excel_float"), (9, "nip.duplicate")}
    assert all(r["column"] and r["remedy"] for r in found["rows"])
    again = json.loads(run("roster", "import", file, "--units", units, "--dry-run", "--json").stdout)
    assert again["counts"]["new"] == 6


def test_roster_round_and_recap_from_the_terminal(run, roster, tmp_path: Path) -> None:
    file, units = roster
    report = tmp_path / "report.xlsx"
    assert run("roster", "import", file, "--units", units, "--apply", "--report", report).exit_code == 0
    assert report.stat().st_size > 1000
    made = run(
        *("round", "create", "--title", "Putaran uji", "--election", "Pemilihan Umum", "--year", "2029"),
        *("--cut-off", "2029-01-01", "--opens", "2029-01-02", "--closes", "2099-02-01", "--json"),
    )
    assert made.exit_code == 0, made.output
    round_id = json.loads(made.stdout)["id"]
    opened = run("round", "open", round_id, "--json")
    assert json.loads(opened.stdout)["status"] == "open", opened.output
    figures = json.loads(run("recap", round_id, "--format", "json").stdout)
    assert faults(figures) == []
    assert figures["total"]["total"] == 6
    assert run("recap", round_id, "--format", "csv").stdout.count("\n") == 2 + len(figures["groups"])
    assert "Dinas Kesehatan" in run("recap", round_id).stdout


def test_a_round_for_some_of_the_people_from_the_terminal(run, roster) -> None:
    file, units = roster
    assert run("roster", "import", file, "--units", units, "--apply").exit_code == 0
    title = ("--title", "Putaran pejabat", "--election", "Pemilihan Umum", "--year", "2029")
    days = ("--cut-off", "2029-01-01", "--opens", "2029-01-02", "--closes", "2099-02-01")
    rule = ("--employment", "pns", "--status", "02=required", "--late-joiners", "automatic")
    made = json.loads(run("round", "create", *title, *days, *rule, "--json").stdout)
    shown = run("round", "population", made["id"], "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert (found["total"]["total"], found["total"]["excluded"]["employment"], found["late_joiners"]) == (
        5,
        1,
        "automatic",
    )
    assert "Kesehatan" in run("round", "population", made["id"]).stdout
    for wrong in (("--status", "02"), ("--employment", "tni"), ("--late-joiners", "maybe")):
        assert run("round", "create", *title, *days, *wrong).exit_code == 2


def test_a_token_is_printed_once_and_an_unknown_opd_refused(run, roster) -> None:
    file, units = roster
    assert run("roster", "import", file, "--units", units, "--apply").exit_code == 0
    token = run("token", "create", "--role", "opd_admin", "--name", "uji", "--opd", "Dinas Kesehatan").stdout.strip()
    assert token.startswith("pakta_")
    refused = run("token", "create", "--role", "opd_admin", "--name", "uji", "--opd", "Dinas Gaib")
    assert "Dinas Gaib" in str(refused.exception)


def test_keys_check_says_what_is_wrong(run, tmp_path: Path) -> None:
    assert run("keys", "init").exit_code == 0
    assert run("keys", "check").exit_code == 0
    (tmp_path / "data" / "keys" / "tsa.key").unlink()
    broken = run("keys", "check", "--json")
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)[0]["level"] == "error"


def test_the_schema_and_the_log_answer_on_an_empty_service(run) -> None:
    assert run("db", "check").exit_code == 0
    assert run("log", "checkpoint").exit_code == 1


def test_a_trust_file_that_is_no_certificate_checks_nothing(tmp_path: Path) -> None:
    trust = tmp_path / "root.pem"
    for content in (b"", b"%PDF-1.7", b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n"):
        trust.write_bytes(content)
        told = CliRunner().invoke(cli, ["verify", str(trust), "--trust", str(trust), "--json"])
        assert (told.exit_code, json.loads(told.stdout)["reason"]) == (2, "trust.missing")


def test_the_first_administrator_is_invited_from_the_terminal(run) -> None:
    invited = run(
        *("account", "invite", "--name", "Rina", "--email", "Rina@kota.example", "--role", "bkpsdm_admin", "--json")
    )
    assert invited.exit_code == 0, invited.output
    made = json.loads(invited.stdout)
    assert (made["email"], made["state"]) == ("rina@kota.example", "invited")
    again = run("account", "invite", "--name", "Rina", "--email", "rina@kota.example", "--role", "bkpsdm_admin")
    assert re.search(r"/kantor/undangan/[0-9A-Z]{26}$", again.stdout.strip()), again.output
    assert again.stdout.strip() != made["url"]
    assert json.loads(run("account", "disable", "rina@kota.example", "--json").stdout)["state"] == "disabled"
    assert [one["state"] for one in json.loads(run("account", "list", "--json").stdout)] == ["disabled"]
    assert run("account", "disable", "nobody@kota.example").exception.code == "resource.not_found"
    assert run("account", "invite", "--name", "X", "--email", "x", "--role", "auditor").exit_code == 2


def test_under_four_eyes_the_terminal_asks_a_second_administrator(run, roster, monkeypatch, fresh_database) -> None:
    monkeypatch.setenv("PAKTA_FOUR_EYES", "true")
    file, units = roster
    assert run("roster", "import", file, "--units", units, "--apply").exit_code == 0
    made = run(
        *("round", "create", "--title", "Putaran uji", "--election", "Pemilihan Umum", "--year", "2029"),
        *("--cut-off", "2029-01-01", "--opens", "2029-01-02", "--closes", "2099-02-01", "--json"),
    )
    round_id = json.loads(made.stdout)["id"]
    refused = run("round", "open", round_id).exception
    assert refused.code == "approval.asked"
    with psycopg.connect(fresh_database.replace("+psycopg", "")) as connection:
        kept = connection.execute("SELECT id::text, act, asked_name, state FROM approval").fetchall()
    assert kept == [(str(refused.params["approval_id"]), "round.open", "operator", "waiting")]
    assert json.loads(run("round", "show", round_id, "--json").stdout)["status"] == "draft"
    assert run("round", "close", round_id).exception.code == "round.not_open"  # nothing waits that could not be done
    first = run("account", "invite", "--name", "Rina", "--email", "rina@kota.example", "--role", "bkpsdm_admin")
    assert first.exit_code == 0  # there is nobody yet who could approve
