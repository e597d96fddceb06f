"""kill -9 while archive time stamps are renewed, step 9 of docs/signing-cycle.md: of the command, the database, the server, the worker.

Each step is tried once, with the victim taken in turns; `PAKTA_CRASH_RUNS=20` tries each step so often.
"""

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.core.faults import Step
from app.device.signer import API
from app.pdf.reopen import reopen
from tests.journeys.crashing_city import City, Person, open_city, until

RUNS = int(os.environ.get("PAKTA_CRASH_RUNS", "1"))
SIGNERS = 2
DOCUMENTS = 2 * SIGNERS
VICTIMS = ("database", "command", "worker", "server")
STEPS = (Step.RENEWAL_STORED, Step.RENEWED, Step.RENEWED_DURABLE)
TRIALS = [(step, VICTIMS[(number + run) % len(VICTIMS)]) for run in range(RUNS) for number, step in enumerate(STEPS)]
TOGETHER = 15  # with one archive: a file takes no more stamps than `app.pdf.renewal.MOST_STAMPS`
RENEWALS = "FROM document_revision WHERE kind = 'renewed'"


@pytest.mark.timeout(200 + 20 * TOGETHER)
@pytest.mark.parametrize("first", range(0, len(TRIALS), TOGETHER))
async def test_every_document_is_renewed_once_a_run_whatever_dies_in_the_middle_of_it(
    tmp_path: Path, first: int
) -> None:
    trials = TRIALS[first : first + TOGETHER]
    faults = tmp_path / "faults"
    faults.mkdir()
    async with open_city(
        tmp_path, people=60, signers=SIGNERS, connections=5, more={"PAKTA_FAULT_DIR": str(faults)}, apart=True
    ) as city:
        people = await city.people(SIGNERS)
        await asyncio.gather(*(person.sign(lambda: None) for person in people))
        await until(lambda: all_sealed(city), "seals")
        for number, (step, victim) in enumerate(trials):
            try:
                await try_once(city, faults, step, victim, done_before=number * DOCUMENTS)
            except Exception as error:
                raise AssertionError(f"run {number}: {victim} killed at {step}: {city.server.words()}") from error
        await check_renewals(city, people, len(trials))
        city.server.stop()
        assert city.doctor() == []


async def all_sealed(city: City) -> bool:
    return await city.scalar("SELECT count(*) FROM document WHERE state = 'sealed'") == DOCUMENTS


async def try_once(city: City, faults: Path, step: Step, victim: str, *, done_before: int) -> None:
    """Renew everything; a command that was not killed finishes, and the same again renews what is left and no more."""
    before = datetime.now(UTC)
    if victim == "command":
        (faults / step).touch()
        code, _ = await renew(city, before)
        assert code == -signal.SIGKILL
        kept = DOCUMENTS if step is Step.RENEWED_DURABLE else 0
        assert await city.scalar(f"SELECT count(*) {RENEWALS}") == done_before + kept
    else:
        code, told = await city.kill(victim, faults, step, renew(city, before))
        assert code == 0 or (victim == "database" and code == 2)  # a backend outlives its postmaster for a moment
        assert code or (told["renewed"], told["waiting"]) == (DOCUMENTS, 0)
    left = done_before + DOCUMENTS - await city.scalar(f"SELECT count(*) {RENEWALS}")
    assert victim not in {"server", "worker"} or left == 0
    if not left and victim != "command":
        return
    code, told = await renew(city, before)
    assert code == 0, told
    assert (told["renewed"], told["waiting"], told["faults"]) == (left, 0, {})


async def renew(city: City, before: datetime) -> tuple[int, dict[str, Any]]:
    """Exit code of the command, and what it says if it says anything."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "keys", "retimestamp", "--json", "--before", f"{before:%Y-%m-%dT%H:%M:%S.%f}"),
        *("--data-dir", str(city.server.folder / "data")),
        env=city.server.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(said) if said else {}


async def check_renewals(city: City, people: list[Person], renewals: int) -> None:
    """Every document was renewed once a trial, the log says so as often, and each file holds."""
    authority = city.keys().authority
    for table, document in (
        ("document_revision WHERE kind = 'renewed'", "document_id"),
        ("log_entry WHERE kind = 'document.renewed'", "subject_id"),
    ):
        uneven = f"SELECT {document} FROM {table} GROUP BY 1 HAVING count(*) <> {renewals}"
        assert await city.scalar(f"SELECT count(DISTINCT {document}) FROM {table}") == DOCUMENTS
        assert await city.scalar(f"SELECT count(*) FROM ({uneven}) AS uneven") == 0
    for person in people:
        for receipt in person.receipts:
            file = await person.device.download(receipt["id"])
            found = reopen(file, expected_digest=None, spki=None, own=authority.own_certificates)
            assert [one.kind for one in found.signatures] == ["signer", "e_seal", *["archive"] * (1 + renewals)]
    judged = await city.http.post(f"{API}/verifications", files={"file": ("a.pdf", file, "application/pdf")})
    assert judged.json()["verdict"] == "valid", judged.text
