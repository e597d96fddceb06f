"""How long an import takes: staged with its comparison, applied, and the same file once more; and the memory of both processes.

`python -m benchmarks.rosters --people 10000 100000 1000000 [--form csv|xlsx|both] [--files DIR]`: synthetic rosters in SIASN's 69 columns over an
embedded PostgreSQL in a temporary folder. Making a roster takes memory of this process: with `--files` those made before are taken, and the figures of
memory are the import's own.
"""

import argparse
import asyncio
import csv
import json
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from openpyxl import Workbook
from pydantic import SecretStr

from app.asn import importing
from app.asn.applying import service as applying
from app.asn.importing import Upload
from app.cli.operator import OPERATOR
from app.core.db import Database
from app.core.postgres import LocalPostgres, find_binaries
from app.core.schema import upgrade
from app.core.settings import DatabaseSettings, ServiceSettings, Settings, StorageSettings
from app.demo import roster
from app.transparency.record import LogIdentity
from app.wiring import running


def write_workbook(source: Path, target: Path) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Profil ASN")
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            sheet.append(row)
    book.save(target)


def peak_mb(who: int) -> int:
    return resource.getrusage(who).ru_maxrss >> 10


async def measure(url: str, folder: Path, name: str, path: Path, found: dict[str, object]) -> dict[str, object]:
    """Import a file into an empty database, then once more."""
    await asyncio.to_thread(upgrade, url)
    storage = StorageSettings(data_dir=folder / name)
    given = [ServiceSettings(jobs=False), storage, DatabaseSettings(url=SecretStr(url), pool_size=3)]
    settings = Settings(given=given)
    async with running(settings) as held:
        tree = importing.read_units(roster.UNITS)
        for turn in ("first", "again"):
            now = datetime.now(UTC)
            started = time.perf_counter()
            async with held.get(Database).transaction() as session:
                brought = Upload(path, path.name, tree)
                staged = await importing.stage(session, OPERATOR, brought, settings, now=now)
                import_id, counts = staged.id, staged.counts
            staged_at = time.perf_counter()
            async with held.get(Database).transaction() as session:
                await applying.apply(session, OPERATOR, held.get(LogIdentity), import_id, settings, now=now)
            ended = time.perf_counter()
            found[f"{turn}_staged_s"] = round(staged_at - started, 2)
            found[f"{turn}_applied_s"] = round(ended - staged_at, 2)
            found[f"{turn}_counts"] = counts
    found["service_mb"], found["reader_mb"] = peak_mb(resource.RUSAGE_SELF), peak_mb(resource.RUSAGE_CHILDREN)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--form", choices=["csv", "xlsx", "both"], default="both")
    parser.add_argument("--files", type=Path, help="where the rosters are kept for the next time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = LocalPostgres(folder / "postgres", find_binaries(None))
        server.start()
        try:
            for people in arguments.people:
                sheet = (arguments.files or folder) / f"roster{people}.csv"
                if not sheet.exists():
                    roster.write(sheet, people)
                files = {"csv": sheet}
                if arguments.form != "csv" and people <= 200_000:
                    files["xlsx"] = sheet.with_suffix(".xlsx")
                    if not files["xlsx"].exists():
                        write_workbook(sheet, files["xlsx"])
                for form, path in files.items():
                    if arguments.form in {form, "both"}:
                        database = f"{form}{people}"
                        asyncio.run(make_database(server, database))
                        url = server.url.replace("/pakta?", f"/{database}?")
                        facts = {"form": form, "rows": people, "file_mb": path.stat().st_size >> 20}
                        print(json.dumps(asyncio.run(measure(url, folder, database, path, facts))), flush=True)
        finally:
            server.stop()


async def make_database(server: LocalPostgres, name: str) -> None:
    async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as connection:
        await connection.execute(f"CREATE DATABASE {name}".encode())


if __name__ == "__main__":
    main()
