"""kill -9 in the middle of 200 ceremonies: what was acknowledged is kept, what was not can be finished, nothing is counted twice."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import httpx
import pytest
from sqlalchemy import text

from app.core.secrets import master_key
from app.core.settings import StorageSettings
from app.demo.city import Admin, Pending
from app.device.signer import Device, Prepared, Signature
from app.pdf.reopen import reopen
from app.pki.keyring import KeyRing, load_keys
from tests.journeys.city_server import CityServer

T = TypeVar("T")
PEOPLE, SIGNERS = 500, 200
PATIENCE = 60.0
END_OF_REVISION = re.compile(rb"%%EOF\r?\n?")


@dataclass
class Person:
    """One ASN with an activated device, and how far the ceremony got as the device knows it."""

    device: Device
    owed: list[str] = field(default_factory=list)
    prepared: Prepared | None = None
    signature: Signature | None = None
    receipts: list[dict[str, Any]] = field(default_factory=list)

    async def sign(self, acknowledged: Callable[[], None]) -> None:
        self.prepared = await self.device.open(self.owed)
        self.signature = await self.device.make_signatures(self.prepared)
        await self.device.send(self.signature)
        self.receipts = self.signature.receipts
        acknowledged()

    async def finish(self) -> None:
        """Go on as a device does after a lost connection: the same signatures again, else the same session from its start."""
        if self.signature is None:
            session = await self.device._call("POST", "/me/signing-sessions", {"obligation_ids": self.owed})
            if session["state"] == "certified":  # the key was lost with the answer
                session = await self.device._call("POST", f"/me/signing-sessions/{session['id']}/restart", {})
            self.prepared = await self.device.fetch(session)
            self.signature = await self.device.make_signatures(self.prepared)
        await self.device.send(self.signature)
        self.receipts = self.signature.receipts


@dataclass
class City:
    """A server with an open round and people who have not signed yet."""

    server: CityServer
    admin: Admin
    http: httpx.AsyncClient
    round_id: str
    waiting: list[Pending]
    signed: int = 0

    async def people(self, count: int) -> list[Person]:
        chosen, self.waiting = self.waiting[:count], self.waiting[count:]
        links = await self.admin.links(chosen)
        return await at_once([self._person(link) for link in links], 8)

    async def _person(self, link: dict[str, str]) -> Person:
        person = Person(Device(self.http, self.server.url, "localhost"))
        await person.device.activate(link["code"], date.fromisoformat(link["birth_date"]))
        person.owed = [owed["id"] for owed in await person.device.pending()]
        return person

    async def scalar(self, statement: str) -> int:
        async with self.server.database() as session:
            return int((await session.execute(text(statement))).scalar_one())

    def keys(self) -> KeyRing:
        folder = self.server.folder / "data"
        return load_keys(folder / "keys", master_key(StorageSettings(data_dir=folder)))


async def at_once(work: list[Awaitable[T]], most: int) -> list[T]:
    turn = asyncio.Semaphore(most)

    async def one(item: Awaitable[T]) -> T:
        async with turn:
            return await item

    return await asyncio.gather(*map(one, work))


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.2)


@pytest.fixture(scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    server = CityServer(tmp_path_factory.mktemp("city"))
    limits = httpx.Limits(max_connections=SIGNERS, max_keepalive_connections=SIGNERS)
    try:
        await server.start()
        async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits) as http:
            admin = Admin(http, await server.admin_token())
            await admin.import_roster(PEOPLE, server.folder)
            round_id = await admin.open_round(datetime.now(UTC))
            waiting = await admin.choose_signers(round_id, SIGNERS + 60)
            yield City(server, admin, http, round_id, waiting)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("signers", "acknowledged", "also_postgres"),
    [(SIGNERS, 60, False), (60, 20, True)],
    ids=["server", "server-and-postgres"],
)
async def test_a_kill_loses_no_acknowledged_signature_and_counts_none_twice(
    city: City, signers: int, acknowledged: int, also_postgres: bool
) -> None:
    people = await city.people(signers)
    await sign_until_killed(city, people, acknowledged, also_postgres=also_postgres)
    done = [person for person in people if person.receipts]
    undone = [person for person in people if not person.receipts]
    assert acknowledged <= len(done) < signers
    await city.server.start()
    receipts = await at_once([receipts_of(person) for person in done], 8)
    assert receipts == [person.receipts for person in done]

    await at_once([person.finish() for person in undone], 8)
    city.signed += signers
    await check_figures(city)
    await check_register(city)
    await check_files(city, people)
    for person in people:
        assert await person.device.pending() == []


async def sign_until_killed(city: City, people: list[Person], most: int, *, also_postgres: bool) -> None:
    """All at once; a quarter begins late, so that the kill finds people in every step."""
    count, first, enough = 0, asyncio.Event(), asyncio.Event()

    def acknowledged() -> None:
        nonlocal count
        count += 1
        first.set()
        if count >= most:
            enough.set()

    async def sign(number: int, person: Person) -> None:
        if number % 4 == 0:
            await first.wait()
        await person.sign(acknowledged)

    ceremonies = [asyncio.create_task(sign(number, person)) for number, person in enumerate(people)]
    await asyncio.wait_for(enough.wait(), 2 * PATIENCE)
    if also_postgres:
        city.server.kill_postgres()
    city.server.kill()
    ends = await asyncio.gather(*ceremonies, return_exceptions=True)
    refused = [end for end in ends if end is not None and not isinstance(end, httpx.TransportError)]
    # between the two kills a request may meet the server without its database
    assert not refused or also_postgres, refused[:3]


async def receipts_of(person: Person) -> list[dict[str, Any]]:
    """Ask for the session again, as the page does after it was reloaded."""
    assert person.prepared is not None
    session = await person.device._call("GET", f"/me/signing-sessions/{person.prepared.session['id']}")
    assert session["state"] == "signed"
    receipts: list[dict[str, Any]] = session["receipts"]
    return receipts


async def check_figures(city: City) -> None:
    figures = await city.admin.compliance(city.round_id)
    total = figures["total"]
    assert total["signed"] == city.signed
    assert total["required"] == total["signed"] + total["pending"]
    assert total["total"] == PEOPLE == total["required"] + total["deferred"] + total["exempt"] + total["left"]
    for count in ("total", "required", "signed", "pending", "deferred", "exempt", "left"):
        assert sum(group[count] for group in figures["groups"]) == total[count]


async def check_register(city: City) -> None:
    """Every document is sealed, named once, and its two facts are leaves of the published log, once each."""
    documents = 2 * city.signed
    facts = 2 * documents + 2  # signed and sealed; the roster and the round

    async def sealed() -> bool:
        return await city.scalar("SELECT count(*) FROM document WHERE state = 'sealed'") == documents

    async def published() -> bool:
        reply = await city.http.get("/log/checkpoint")
        return reply.is_success and int(reply.text.split("\n")[1]) == facts

    await until(sealed, "seals")
    await until(published, "the log")
    assert await city.scalar("SELECT count(*) FROM document WHERE state = 'signed'") == 0
    assert await city.scalar("SELECT count(DISTINCT obligation_id) FROM document WHERE state = 'sealed'") == documents
    assert await city.scalar("SELECT count(*) FROM obligation WHERE state = 'signed'") == documents
    assert await city.scalar("SELECT count(*) FROM log_entry") == facts
    assert await city.scalar("SELECT count(*) FROM log_leaf") == facts
    assert await city.scalar("SELECT max(index) + 1 FROM log_leaf") == facts
    assert await city.scalar("SELECT count(*) FROM log_pending") == 0
    for kind in ("document.signed", "document.sealed"):
        counted = f"FROM log_entry WHERE kind = '{kind}'"
        assert await city.scalar(f"SELECT count(DISTINCT subject_id) {counted}") == documents
        assert await city.scalar(f"SELECT count(*) {counted}") == documents


async def check_files(city: City, people: list[Person]) -> None:
    """Each file begins with the very bytes the receipt names, covers what the person read, and verifies whole."""
    authority = city.keys().authority

    async def check(person: Person) -> None:
        assert person.prepared is not None
        assert len(person.receipts) == 2
        digests = {
            d["id"]: digest
            for d, digest in zip(person.prepared.session["documents"], person.prepared.digests, strict=True)
        }
        for receipt in person.receipts:
            file = await person.device.download(receipt["id"])
            revisions = [file[: end.end()] for end in END_OF_REVISION.finditer(file)]
            assert receipt["sha256"] in {hashlib.sha256(revision).hexdigest() for revision in revisions}
            found = reopen(
                file,
                expected_digest=digests[receipt["id"]],
                spki=None,
                issuing=authority.issuing,
                tsa=authority.tsa.certificate,
                e_seal=authority.e_seal_certificate,
            )
            assert [signature.kind for signature in found.signatures] == ["signer", "e_seal", "archive"]

    await at_once([check(person) for person in people], 8)
