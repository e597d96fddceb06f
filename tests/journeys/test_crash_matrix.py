"""kill -9 of the server, of its worker, or of its database, at every step of docs/signing-cycle.md.

In the suite every step is tried once, with the victim taken in turns; `PAKTA_CRASH_RUNS=20` tries each step so often, the victims in turns.
`PAKTA_CRASH_STEPS=1-,3-` tries the steps whose names begin so, for runs side by side.
"""

import asyncio
import os
from contextlib import nullcontext, suppress
from pathlib import Path

import httpx
import pytest

from app.core.faults import Step
from app.demo.city import DemoFailed
from app.device.signer import API, ServerRefusal
from tests.journeys.crashing_city import (
    City,
    Person,
    at_once,
    check_figures,
    check_files,
    check_register,
    open_city,
    receipts_of,
    until,
)

RUNS = int(os.environ.get("PAKTA_CRASH_RUNS", "1"))
TOGETHER = 3  # people in the middle of it when it happens
SPARE = 10
STEPS = tuple(os.environ.get("PAKTA_CRASH_STEPS", "").split(","))
VICTIMS = ("server", "database", "worker")
TRIALS = [
    (step, VICTIMS[(number + run) % len(VICTIMS)])
    for number, step in enumerate(Step)
    for run in range(RUNS)
    if step.startswith(STEPS) and not step.startswith(("6-", "9-"))
]


@pytest.mark.timeout(300 + 15 * len(TRIALS))
async def test_whatever_dies_at_whichever_step_nothing_acknowledged_is_lost_and_nothing_is_twice(
    tmp_path: Path,
) -> None:
    faults = tmp_path / "faults"
    faults.mkdir()
    signers = (TOGETHER + 1) * len(TRIALS) + SPARE  # one more for what is voided
    more = {"PAKTA_FAULT_DIR": str(faults)}
    async with open_city(
        tmp_path, people=2 * signers + 20, signers=signers, connections=20, more=more, apart=True
    ) as city:
        signed: list[Person] = []
        for number, (step, victim) in enumerate(TRIALS):
            try:
                signed += await try_once(city, faults, step, victim)
            except Exception as error:
                raise AssertionError(f"run {number}: {victim} killed at {step}: {city.server.words()}") from error
        await check_register(city)
        await check_files(city, signed)
        city.server.stop()
        assert city.doctor() == []


async def try_once(city: City, faults: Path, step: Step, victim: str) -> list[Person]:
    people = await city.people(TOGETHER)
    before = await a_signed_document(city) if step.name.startswith("VOIDED") else None
    refused = (httpx.TransportError, ServerRefusal, DemoFailed)  # without its database a server answers 503 or hangs up

    async def interrupted() -> None:
        ends = await asyncio.gather(*(person.sign(lambda: None) for person in people), return_exceptions=True)
        assert all(end is None or (victim != "worker" and isinstance(end, refused)) for end in ends), ends
        if before is not None:
            with {"worker": nullcontext(), "server": pytest.raises(refused), "database": suppress(*refused)}[victim]:
                await void(city, before)  # a backend outlives its postmaster for a moment, and may answer

    await city.kill(victim, faults, step, interrupted())
    await finish(city, people, step, interrupted=victim == "server")
    if before is not None:
        await void(city, before)  # the same call again: done, or done once more
        city.voided, city.signed = city.voided + 1, city.signed - 1
        await sign_again(city, before)
    await check_figures(city)
    return people


async def finish(city: City, people: list[Person], step: Step, *, interrupted: bool) -> None:
    """What was acknowledged is there as acknowledged; whoever got no answer goes on and gets there."""
    done = [person for person in people if person.receipts]
    if interrupted and not step.name.startswith(("PUBLISHED", "SEAL", "VOIDED")):
        assert len(done) < TOGETHER, "nobody was in the middle of it"
    assert await at_once([receipts_of(person) for person in done], TOGETHER) == [person.receipts for person in done]
    await at_once([person.finish() for person in people if not person.receipts], TOGETHER)
    city.signed += TOGETHER
    for person in people:
        assert await person.device.pending() == []


async def a_signed_document(city: City) -> tuple[Person, str]:
    """Somebody who has signed, and one of the documents, sealed: voided before its seal it would have one fact less in the log."""
    (person,) = await city.people(1)
    await person.sign(lambda: None)
    city.signed += 1
    document = person.receipts[0]["id"]

    async def sealed() -> bool:
        facts = await city.http.get(f"{API}/documents/{document}", headers=city.admin.headers)
        return bool(facts.json()["state"] == "sealed")

    await until(sealed, "the seal")
    return person, document


async def void(city: City, signed: tuple[Person, str]) -> None:
    await city.admin._call("POST", f"/documents/{signed[1]}/void", json={"reason": "naskah keliru"})


async def sign_again(city: City, signed: tuple[Person, str]) -> None:
    """Voided, the pledge is owed again; the person signs it once more."""
    person, document = signed
    state = (await city.http.get(f"{API}/documents/{document}", headers=city.admin.headers)).json()["state"]
    assert state == "void"
    owed = [owed["id"] for owed in await person.device.pending()]
    assert len(owed) == 1
    await person.device.sign(await person.device.open(owed))
    city.signed += 1
