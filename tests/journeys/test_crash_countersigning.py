"""kill -9 while the head of an agency takes note of many pledges in one act: step 6 of docs/signing-cycle.md."""

import asyncio
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.core.faults import Step
from app.device.signer import API, ServerRefusal
from tests.journeys.crashing_city import City, Person, open_city, until

RUNS = int(os.environ.get("PAKTA_CRASH_RUNS", "1"))
STAFF = 2  # people whose pledges are in the act
VICTIMS = ("server", "database", "worker")
TRIALS = [
    (step, VICTIMS[(number + run) % len(VICTIMS)])
    for number, step in enumerate((Step.COUNTERSIGNED, Step.COUNTERSIGNED_DURABLE))
    for run in range(RUNS)
]


@pytest.mark.timeout(200 + 15 * len(TRIALS))
async def test_an_act_of_noting_is_whole_or_not_there_whatever_dies_in_the_middle_of_it(tmp_path: Path) -> None:
    faults = tmp_path / "faults"
    faults.mkdir()
    people = 40 + 120 * RUNS
    more = {"PAKTA_FAULT_DIR": str(faults)}
    async with open_city(
        tmp_path, people=people, signers=people // 2, connections=20, more=more, apart=True, countersign=True
    ) as city:
        head = await a_head(city)
        for step, victim in TRIALS:
            await try_once(city, faults, head, step, victim)
        await check_notes(city)
        city.server.stop()
        assert city.doctor() == []


async def a_head(city: City) -> Person:
    """Somebody of the agency with most people, recorded as its acting head; its other people alone go on waiting."""
    agency, _ = Counter(person.agency_id for person in city.waiting).most_common(1)[0]
    city.waiting = [person for person in city.waiting if person.agency_id == agency]
    today = datetime.now(UTC).date()
    recorded = await city.http.post(
        f"{API}/rounds/{city.round_id}/countersigners",
        json={
            "agency_id": agency,
            "nip": city.waiting[0].nip,
            "capacity": "plt",
            "mandate_number": "800.1.3/77/2026",
            "valid_from": (today - timedelta(days=1)).isoformat(),
            "valid_to": (today + timedelta(days=30)).isoformat(),
        },
        headers=city.admin.headers,
    )
    assert recorded.status_code == 201, recorded.text
    (head,) = await city.people(1)
    return head


async def try_once(city: City, faults: Path, head: Person, step: Step, victim: str) -> None:
    staff = await city.people(STAFF)
    await asyncio.gather(*(person.sign(lambda: None) for person in staff))
    city.signed += STAFF
    documents = [receipt["id"] for person in staff for receipt in person.receipts]
    prepared = await head.device.open_countersigning(documents)
    signature = await head.device.make_signatures(prepared)

    async def note() -> bool:
        try:
            await head.device.send(signature)
        except (httpx.TransportError, ServerRefusal):  # without its database a server answers 503 or hangs up
            return False
        return True

    answered = await city.kill(victim, faults, step, note())
    assert answered == (victim == "worker") or victim == "database"  # a backend outlives its postmaster for a moment
    before = signature.receipts
    await head.device.send(signature)  # the same body again: the same receipts, or the act done now
    assert {receipt["id"] for receipt in signature.receipts} == set(documents)
    assert not answered or signature.receipts == before


async def check_notes(city: City) -> None:
    """Every pledge was noted once and sealed once, and the log says so once."""
    documents = 2 * city.signed

    async def sealed() -> bool:
        return await city.scalar("SELECT count(*) FROM document WHERE state = 'sealed'") == documents

    await until(sealed, "seals")
    assert await city.scalar("SELECT count(*) FROM document WHERE countersigned_at IS NOT NULL") == documents
    for kind in ("document.signed", "document.countersigned", "document.sealed"):
        counted = f"FROM log_entry WHERE kind = '{kind}'"
        assert await city.scalar(f"SELECT count(DISTINCT subject_id) {counted}") == documents
        assert await city.scalar(f"SELECT count(*) {counted}") == documents
