"""Sealed documents get a further archive time stamp: once each, in batches that can be cut anywhere."""

from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from app.core.blobs import BlobStore
from app.core.db import Database
from app.core.settings import Settings
from app.document.audit import audit_sealed
from app.document.compiled import TemplateShelf
from app.document.retimestamping import service as renewal
from app.document.sealing import Sealer
from app.pki.keyring import KeyRing
from tests.service import Service, running_service

SITI, BUDI = "198501012010012001", "197505052000031002"


@pytest.fixture
async def service(fresh_database: str, tmp_path: Path) -> AsyncIterator[Service]:
    """The application some minutes ago by the machine's clock, which pyHanko asks for proofs of existence."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=25)
    async with running_service(fresh_database, tmp_path, start) as started:
        yield started


@pytest.fixture
async def sealed(service: Service) -> list[str]:
    """Four sealed documents of two people; the clock then stands twelve minutes later, behind the signers' certificates."""
    await service.import_roster()
    await service.open_round()
    receipts = []
    for nip in (SITI, BUDI):
        device = await service.device(nip)
        signed = await device.sign(await device.open([o["id"] for o in await device.pending()]))
        receipts += [r["id"] for r in signed.receipts]
    await service.run_jobs()
    service.clock.advance(timedelta(minutes=12))
    return receipts


async def run(service: Service, *, most: int = 200, after=None, before=None) -> renewal.Renewed:
    async with service.held.get(Database).transaction() as session:
        return await renewal.renew(
            session,
            service.held.get(Sealer),
            before=before or service.clock.now(),
            after=after,
            now=service.clock.now(),
            most=most,
        )


async def download(service: Service, document_id: str) -> bytes:
    headers = service.as_admin()
    reply = await service.http.get(f"/api/v1/documents/{document_id}/file", headers=headers)
    assert reply.status_code == 200, reply.text
    return reply.content


async def verdict(service: Service, file: bytes) -> dict:
    reply = await service.http.post("/api/v1/verifications", files={"file": ("a.pdf", file, "application/pdf")})
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_a_document_renewed_twice_is_valid_and_so_is_every_file_people_had_before(
    service: Service, sealed
) -> None:
    files = [await download(service, sealed[0])]
    for _ in range(2):  # what the log is told waits meanwhile
        done = await run(service)
        assert (done.count, done.faults) == (4, {})
        service.clock.advance(timedelta(minutes=1))
        files.append(await download(service, sealed[0]))
    assert [file.count(b"/Type/DocTimeStamp") for file in files] == [1, 2, 3]
    proof = await service.http.get(f"/api/v1/documents/{sealed[0]}/proof", headers=service.as_admin())
    assert sha256(files[2]).hexdigest() in b64decode(proof.json()["record"]).decode()
    for before, file in pairwise([b"", *files]):
        assert file.startswith(before)
        found = await verdict(service, file)
        assert found["verdict"] == "valid", found
        assert {c["code"]: c["result"] for c in found["checks"]}["log.inclusion"] == "passed"


async def test_every_document_is_renewed_once_by_runs_that_are_cut(service: Service, sealed) -> None:
    start = service.clock.now()
    first = await run(service, most=3, before=start)
    assert first.count == 3
    service.clock.advance(timedelta(minutes=1))
    second = await run(service, most=3, before=start)  # a new run begins at the start and finds what is left
    assert second.count == 1
    assert await run(service, before=start) == renewal.Renewed(0, {}, None)
    async with service.held.get(Database).transaction() as session:
        assert await renewal.count_due(session, start) == 0
    files = [await download(service, document) for document in sealed]
    assert [file.count(b"/T(arsip2)") for file in files] == [1, 1, 1, 1]


async def test_a_run_whose_transaction_is_lost_leaves_nothing_behind(service: Service, sealed) -> None:
    class Cut(Exception):
        pass

    with pytest.raises(Cut):
        async with service.held.get(Database).transaction() as session:
            await renewal.renew(
                session,
                service.held.get(Sealer),
                before=service.clock.now(),
                after=None,
                now=service.clock.now(),
            )
            raise Cut
    assert (await download(service, sealed[0])).count(b"/T(arsip2)") == 0
    assert (await run(service)).count == 4


async def test_a_damaged_document_is_told_and_holds_up_no_other(service: Service, sealed) -> None:
    folder = service.held.get(Settings).storage.blob_dir / "pack"
    packs = sorted(folder.rglob("*"), key=lambda path: path.stat().st_size)
    damaged = next(path for path in packs if path.is_file())
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.chmod(0o600)
    damaged.write_bytes(data)
    done = await run(service)
    assert done.count + len(done.faults) == 4
    assert done.faults
    assert done.count


async def test_the_audit_takes_renewed_documents(service: Service, sealed) -> None:
    await run(service)
    held = service.held
    rounds = await service.http.get("/api/v1/rounds", headers=service.as_admin())
    async with held.get(Database).transaction() as session:
        audited = await audit_sealed(
            session,
            held.get(TemplateShelf),
            held.get(BlobStore),
            held.get(KeyRing).authority,
            UUID(rounds.json()[0]["id"]),
            None,
        )
    assert (audited.verified, audited.faults) == (4, {})
