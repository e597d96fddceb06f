"""`pakta roster`: an import, its decisions, its corrections, applied and taken back at the machine."""

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from app.cli.main import cli
from tests.asn.uploads import roster
from tests.service import HEADER, PEOPLE, UNITS
from tests.signing.opened_round import nip_of, person_row


@pytest.fixture
def pakta(fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PAKTA_DATABASE_URL", fresh_database)
    monkeypatch.setenv("PAKTA_DATA_DIR", str(tmp_path / "data"))
    runner = CliRunner()

    def call(*arguments: object) -> Any:
        done = runner.invoke(cli, ["roster", *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        line = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "null"
        return json.loads(line) if line[0] in "{[n" else line

    return call


def test_an_import_is_looked_at_decided_corrected_applied_and_undone(pakta: Any, tmp_path: Path) -> None:
    units, first, second = tmp_path / "unor.csv", tmp_path / "a.csv", tmp_path / "b.csv"
    units.write_text(UNITS)
    first.write_bytes(roster(*PEOPLE, person_row(11)))
    second.write_bytes(roster(*PEOPLE, person_row(12, NAMA="")))
    done = pakta("import", first, "--units", units, "--apply", "--json")
    assert (done["status"], done["counts"]["new"]) == ("applied", 7)
    staged = pakta("import", second, "--json")
    assert [(row["row"], row["codes"]) for row in staged["rows"]] == [(8, ["name.missing"])]
    assert pakta("show", staged["id"], "--json")["status"] == "staged"
    missing = pakta("missing", staged["id"], "--json")
    assert [(person["nip"], person["decision"]) for person in missing] == [(nip_of(11), "keep")]
    pakta("decide", staged["id"], "left", "--nip", nip_of(11), "--on", "2026-01-02")
    assert pakta("missing", staged["id"], "--json")[0]["decision"] == "left"
    book_path = tmp_path / "perbaikan.xlsx"
    pakta("corrections", staged["id"], "--out", book_path)
    book = load_workbook(book_path)
    book.active.cell(8, HEADER.split(",").index("NAMA") + 1).value = "NAMA LENGKAP"
    book.save(book_path)
    redone = pakta("correct", staged["id"], book_path, "--json")
    assert (redone["counts"]["rejected"], redone["counts"]["new"]) == (0, 1)
    assert pakta("missing", redone["id"], "--json")[0]["decision"] == "left"  # as it was decided
    assert pakta("apply", redone["id"], "--json")["status"] == "applied"
    assert pakta("undo", redone["id"], "--json")["status"] == "undone"
