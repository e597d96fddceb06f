"""People signing in a city whose server dies: how they go on, and what must be true of the register, the log and the files afterwards."""

import asyncio
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from sqlalchemy import text

from app.core.faults import Step
from app.core.secrets import master_key
from app.core.settings import StorageSettings
from app.demo.city import Admin, Pending
from app.device.signer import Device, Prepared, Signature
from app.pdf.reopen import reopen
from app.pki.keyring import KeyRing, load_keys
from tests.journeys.city_server import CityServer

T = TypeVar("T")
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
    size: int
    signed: int = 0
    voided: int = 0

    async def people(self, count: int) -> list[Person]:
        chosen, self.waiting = self.waiting[:count], self.waiting[count:]
        links = await self.admin.links(chosen)
        return await at_once([self._person(link) for link in links], 8)

    async def _person(self, link: dict[str, str]) -> Person:
        person = Person(Device(self.http, self.server.url, "localhost"))
        await person.device.activate(link["code"], date.fromisoformat(link["birth_date"]))
        person.owed = [owed["id"] for owed in await person.device.pending()]
        return person

    async def kill(self, victim: str, faults: Path, step: Step, work: Awaitable[T]) -> T:
        """Let a victim die as soon as somebody reaches the step while the work is done, and start again what died."""
        server = self.server
        assert server.process is not None
        pids = {"server": server.process.pid, "database": server.postgres_pid()}
        if server.worker is not None:
            pids["worker"] = server.worker.pid
        asked = faults / step
        asked.write_text(str(pids[victim]))
        done = await work

        async def reached() -> bool:
            return not asked.exists()

        await until(reached, str(step))
        if victim == "worker":  # nobody at a page notices
            assert server.worker is not None
            server.worker.wait(PATIENCE)
            server.start_worker()
        else:
            server.kill()
            await server.start()
        return done

    def doctor(self) -> list[str]:
        """What `pakta doctor` finds wrong: register, figures and roster."""
        done = subprocess.run(
            [sys.executable, "-m", "app", "doctor", "--json", "--data-dir", str(self.server.folder / "data")],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=self.server.environment,
        )
        wrong: list[str] = json.loads(done.stdout)["wrong"]
        assert done.returncode == (1 if wrong else 0)
        return wrong

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
        await asyncio.sleep(0.05)


@asynccontextmanager
async def open_city(
    folder: Path,
    *,
    people: int,
    signers: int,
    connections: int,
    more: dict[str, str],
    apart: bool = False,
    countersign: bool = False,
) -> AsyncIterator[City]:
    """A served city with an open round; `more` goes into the server's environment; `apart`: jobs in a process of their own."""
    server = CityServer(folder, more=more, apart=apart)
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    try:
        await server.start()
        async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits) as http:
            admin = Admin(http, await server.admin_token())
            await admin.import_roster(people, server.folder)
            round_id = await admin.open_round(datetime.now(UTC), countersign=countersign)
            waiting = await admin.choose_signers(round_id, signers)
            yield City(server, admin, http, round_id, waiting, people)
    finally:
        server.stop()


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
    assert total["total"] == city.size == total["required"] + total["deferred"] + total["exempt"] + total["left"]
    for count in ("total", "required", "signed", "pending", "deferred", "exempt", "left"):
        assert sum(group[count] for group in figures["groups"]) == total[count]


async def check_register(city: City) -> None:
    """Every document is sealed, named once, and its two facts are leaves of the published log, once each."""
    kept = 2 * city.signed
    documents = kept + city.voided
    facts = 2 * documents + 2 + city.voided  # signed and sealed, voided; the roster and the round

    async def sealed() -> bool:
        return await city.scalar("SELECT count(*) FROM document WHERE state = 'sealed'") == kept

    async def published() -> bool:
        reply = await city.http.get("/log/checkpoint")
        return reply.is_success and int(reply.text.split("\n")[1]) == facts

    await until(sealed, "seals")
    await until(published, "the log")
    assert await city.scalar("SELECT count(*) FROM document WHERE state = 'signed'") == 0
    assert await city.scalar("SELECT count(DISTINCT obligation_id) FROM document WHERE state = 'sealed'") == kept
    assert await city.scalar("SELECT count(*) FROM obligation WHERE state = 'signed'") == kept
    assert await city.scalar("SELECT count(*) FROM document WHERE state = 'void'") == city.voided
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
                own=authority.own_certificates,
            )
            assert [signature.kind for signature in found.signatures] == ["signer", "e_seal", "archive"]

    await at_once([check(person) for person in people], 8)
