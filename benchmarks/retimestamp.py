"""Renewing an archive: really sealed documents of a register of their own, stamped anew by `pakta keys retimestamp`, killed once on the way.

    python -m benchmarks.retimestamp [--documents 10000] [--workers 2] [--sample 20]

The archive is made with the product's own functions (`pakta bench seal`), in a temporary folder with the embedded PostgreSQL. When a third
is renewed every process of the command is killed (SIGKILL); the same command then does the rest, and only that second run is timed. Afterwards every file is read from
the store and checked, revisions and log entries are counted, and a sample is judged by `pakta verify` (offline, with the root alone) and
by poppler's pdfsig where it is installed. Prints JSON.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.cli.bench_seal import audit, bytes_in, make_archive, publish, settings_in
from app.cli.operator import clock_of
from app.cli.process_times import ProcessTimes
from app.core.blobs import BlobStore
from app.core.db import Database
from app.core.resources import Resources
from app.core.settings import Settings
from app.document import service as documents
from app.document.compiled import TemplateShelf
from app.document.retimestamping import service
from app.pki.keyring import KeyRing
from app.wiring import running

LOOK_EVERY = 1.0  # seconds


async def measure(count: int, workers: int, sample: int) -> dict[str, Any]:
    """Make the archive, renew it in two runs, and look at what came of it."""
    with tempfile.TemporaryDirectory(prefix="pakta-bench-") as folder:
        settings = settings_in(Path(folder))
        async with running(settings) as held:
            round_id, _, seconds, _ = await make_archive(held, count, "B-LTA", workers)
            before = await space(held)
            moment = clock_of(held).now()
            killed, _, _ = await renew(held, moment, workers, until=count // 3)
            done_before = count - await due(held, moment)
            told, rate, cost = await renew(held, moment, workers, until=None)
            found = {
                "documents": count,
                "workers": workers,
                "archive_made_per_second": round(count / seconds),
                "killed_with": killed,
                "renewed_when_killed": done_before,
                "renewed_after": told["renewed"],
                "seconds_after": told["seconds"],
                "per_second": rate,
                "minutes_100k": round(1e5 / rate / 60, 1),
                **cost,
                "waiting": told["waiting"],
                "not_renewed": len(told["faults"]),
                "bytes_a_document": {name: round(size / count) for name, size in grown(before, await space(held))},
            }
            return found | await judge(held, round_id, Path(folder), sample)


def grown(before: dict[str, int], after: dict[str, int]) -> list[tuple[str, int]]:
    return [(name, after[name] - before[name]) for name in before]


async def space(held: Resources) -> dict[str, int]:
    """Bytes of the store and of the database."""
    stored = await asyncio.to_thread(bytes_in, held.get(Settings).storage.blob_dir)
    return {"store": stored, "database": await scalar(held, "SELECT pg_database_size(current_database())")}


async def scalar(held: Resources, statement: str) -> int:
    async with held.get(Database).transaction() as session:
        return int((await session.execute(text(statement))).scalar_one())


async def due(held: Resources, moment: datetime) -> int:
    async with held.get(Database).transaction() as session:
        return await service.count_due(session, moment)


async def renew(
    held: Resources, moment: datetime, workers: int, *, until: int | None
) -> tuple[Any, float, dict[str, Any]]:
    """Run the command; with `until`, kill it when so many are done and return its signal, else what it says.

    Then the documents a second, from its first batch to its last, the processor time a document of the command and of PostgreSQL, and
    the memory of the command's processes on the way.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "keys", "retimestamp", "--json", "--workers", str(workers)),
        *("--before", moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    postmaster = held.get(Settings).storage.data_dir / "postgres/data/postmaster.pid"
    times = ProcessTimes({"renewal": [process.pid], "database": [int(postmaster.read_text().split()[0])]})
    total = await due(held, moment)
    ended = asyncio.ensure_future(process.communicate())
    seen: list[tuple[float, int, dict[str, float], float]] = []
    while not ended.done():
        await asyncio.wait([ended], timeout=LOOK_EVERY)
        done = total - await due(held, moment)
        if done and not ended.done():
            seen.append((time.perf_counter(), done, times.seconds(), times.memory("renewal")))
        if until is not None and done >= until:
            os.killpg(process.pid, signal.SIGKILL)
            await ended
            return process.returncode, 0.0, {}
    (began, first, before, _), (finished, last, after, _) = seen[0], seen[-1]
    cpu = {name: round(1000 * (after[name] - before[name]) / (last - first), 2) for name in before}
    memory = {f"{100 * done // total} %": used for _, done, _, used in seen[:: max(1, len(seen) // 8)]}
    rate = round((last - first) / (finished - began))
    return json.loads((await ended)[0]), rate, {"cpu_ms_a_document": cpu, "memory_mb": memory}


async def judge(held: Resources, round_id: UUID, folder: Path, sample: int) -> dict[str, Any]:
    """Nothing twice, nothing missing, every file good."""
    await publish(held)
    verified, faults = await audit(held, round_id, "sealed", timed=True)
    renewals = "FROM log_entry WHERE kind = 'document.renewed'"
    files = await files_of(held, round_id, folder / "sample", sample)
    return {
        "audited": verified,
        "faults": faults,
        "renewals_in_log": await scalar(held, f"SELECT count(*) {renewals}"),
        "documents_in_log": await scalar(held, f"SELECT count(DISTINCT subject_id) {renewals}"),
        "not_of_three_revisions": await scalar(
            held,
            "SELECT count(*) FROM (SELECT document_id FROM document_revision GROUP BY 1 HAVING count(*) <> 3) AS odd",
        ),
        "sampled": len(files),
        "pakta_verify": await asyncio.to_thread(verified_offline, files, folder / "sample" / "root.pem"),
        "pdfsig": await asyncio.to_thread(verified_by_poppler, files),
    }


async def files_of(held: Resources, round_id: UUID, folder: Path, sample: int) -> list[Path]:
    """Write some of the documents, from the first to the last, and the root."""
    shelf, blobs = held.get(TemplateShelf), held.get(BlobStore)  # type: ignore[type-abstract]
    folder.mkdir()  # noqa: ASYNC240 - once
    (folder / "root.pem").write_text(ssl.DER_cert_to_PEM_cert(held.get(KeyRing).authority.root))
    written = []
    async with held.get(Database).transaction() as session:
        statement = text("SELECT id FROM document WHERE round_id = :round ORDER BY id")
        ids = list((await session.execute(statement, {"round": round_id})).scalars())
        for document in await documents.list_by_ids(session, ids[:: max(1, len(ids) // sample)]):
            written.append(folder / f"{document.id}.pdf")
            written[-1].write_bytes(await documents.file_bytes(session, shelf, blobs, document))
    return written


def verified_offline(files: list[Path], root: Path) -> int:
    """How many `pakta verify` calls valid."""
    command = [sys.executable, "-m", "app", "verify", "--json", "--trust", str(root), *map(str, files)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return sum(json.loads(line)["verdict"] == "valid" for line in said.splitlines())


def verified_by_poppler(files: list[Path]) -> int | str:
    """In how many pdfsig finds both signatures valid, the signer's and the e-seal's; time stamps it lists and does not judge."""
    tool = shutil.which("pdfsig")
    if tool is None:
        return "not installed"
    valid = 0
    for file in files:
        said = subprocess.run([tool, "-nocert", str(file)], capture_output=True, text=True, check=False).stdout
        valid += said.count("Signature is Valid") == 2 and "nvalid" not in said
    return valid


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--documents", type=int, default=10_000)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--sample", type=int, default=20)
    given = options.parse_args()
    print(json.dumps(asyncio.run(measure(given.documents, given.workers, given.sample)), indent=2))
