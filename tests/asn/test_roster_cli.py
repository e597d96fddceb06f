"""`pakta roster`: an import, its decisions, its corrections, applied and taken back at the machine; and who changed at SIASN."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from app.asn.siasn import simulator
from app.asn.siasn.simulator import Gateway
from app.cli.main import cli
from tests.asn.test_siasn import SETUP
from tests.asn.test_siasn import person as told
from tests.asn.uploads import roster
from tests.service import HEADER, PEOPLE, UNITS
from tests.signing.opened_round import nip_of, person_row
from tests.signing.providers.cases import served


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


@contextmanager
def siasn(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A SIASN on a loopback port, in a thread of its own: commands bring their own event loop."""
    up, over = threading.Event(), threading.Event()
    here = ""

    async def serve() -> None:
        nonlocal here
        async with served(simulator.build(gateway)) as url:
            here = url
            up.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert up.wait(10)
        monkeypatch.setenv("PAKTA_SIASN_BASE_URL", here)
        monkeypatch.setenv("PAKTA_SIASN_TOKEN_URL", f"{here}/oauth2/token")
        monkeypatch.setenv("PAKTA_SIASN_SSO_URL", f"{here}/sso/token")
        for name in ("client_id", "sso_client_id"):
            monkeypatch.setenv(f"PAKTA_SIASN_{name.upper()}", getattr(SETUP, name))
        for name in ("client_secret", "sso_secret"):
            monkeypatch.setenv(f"PAKTA_SIASN_{name.upper()}", getattr(SETUP, name).get_secret_value())
        yield
    finally:
        over.set()
        thread.join(10)


def test_a_refresh_stages_who_changed_at_siasn(pakta: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    units, first = tmp_path / "unor.csv", tmp_path / "a.csv"
    units.write_text(UNITS)
    first.write_bytes(roster(person_row(11), person_row(12)))
    pakta("import", first, "--units", units, "--apply", "--json")
    gateway = Gateway([told(11, jabatanNama="Arsiparis Terampil"), told(14)], ["expired"])
    with siasn(gateway, monkeypatch):
        staged = pakta("refresh", "--json")
        counts = {name: staged["counts"][name] for name in ("new", "changed", "rejected", "missing")}
        assert counts == {"new": 1, "changed": 1, "rejected": 0, "missing": 0}
        assert pakta("apply", staged["id"], "--json")["status"] == "applied"
        gateway.persons = []
        assert pakta("refresh", "--json") == {"id": None, "counts": {}}
        assert pakta("refresh") == "Tidak ada perubahan."


def test_a_refresh_that_cannot_be_says_why_and_stages_nothing(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAKTA_DATABASE_URL", fresh_database)
    monkeypatch.setenv("PAKTA_DATA_DIR", str(tmp_path / "data"))
    off = CliRunner().invoke(cli, ["roster", "refresh"])
    assert off.exit_code != 0
    with siasn(Gateway([told(11)]), monkeypatch):
        monkeypatch.setenv("PAKTA_SIASN_CLIENT_SECRET", "salah")
        refused = CliRunner().invoke(cli, ["roster", "refresh"])
    assert refused.exit_code != 0
