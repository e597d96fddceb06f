"""`pakta bench seal`: documents made, signed, sealed, stored and logged by several processes, then audited from the store.

Each process prints, signs with a key of its own for every person, seals, checks, keeps and registers batch after batch with the
product's own functions; one transaction and one blob a batch. What is not done: the ceremony's requests and the obligations' states.
The floor is what no implementation can save: one key generation and the ECDSA signatures of a document.
"""

import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.cli.demo_once import admin_token
from app.cli.operator import clock_of
from app.core.blobs import BlobStore
from app.core.db import Database
from app.core.errors import CannotStart
from app.core.memory import settle
from app.core.resources import Resources
from app.core.schema import ROOT
from app.core.settings import Settings
from app.demo.city import Admin
from app.demo.signers import in_process
from app.document.audit import audit_sealed
from app.document.bulk import Level, issue, list_owed
from app.document.compiled import TemplateShelf
from app.document.owed import Owed
from app.document.sealing import Sealer
from app.pki import cms
from app.pki.authority import Authority
from app.pki.certificate import Subject
from app.pki.keyring import KeyRing
from app.transparency import service as transparency
from app.transparency.record import LogIdentity
from app.wiring import running

BATCH = 500
PLEDGE = "pakta_integritas"
SPARE = 1.02  # so many times the people asked for are on the roster: some owe nothing
# a certificate, the signature, its token; with the seal: its signature, its token, the archive's token
SIGNATURES = {"B-B": 2, "B-T": 3, "B-LTA": 6}
STATES = {"B-B": "signed", "B-T": "signed", "B-LTA": "sealed"}
ECDSA = ec.ECDSA(hashes.SHA256())
PUBLISH_EVERY = 1.0  # seconds
NAIVE, NODE_LIBRARIES = "benchmarks.peers.naive", "benchmarks.peers.node_libraries"
PEER_DOCUMENTS = 12


def floor_rate(signatures: int, documents_: int = BATCH) -> float:
    """Return documents a CPU second that only generate a key and make so many ECDSA P-256 signatures."""
    key = ec.generate_private_key(ec.SECP256R1())
    began = time.process_time()
    for _ in range(documents_):
        ec.generate_private_key(ec.SECP256R1())
        for _ in range(signatures):
            key.sign(b"floor", ECDSA)
    return documents_ / (time.process_time() - began)


def sign_as_device(
    authority: Authority, subject: Subject, digest: bytes, now: datetime, *, timed: bool = True
) -> tuple[bytes, bytes]:
    """Sign a prepared document with a key made for it; return the CMS and the key's SPKI."""
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    certificate = authority.issue(subject, spki, now)
    attributes = cms.signed_attributes(digest, certificate)
    signature = key.sign(attributes, ECDSA)
    value = cms.signed_data(
        attributes=attributes,
        signature_der=signature,
        certificate=certificate,
        chain=authority.chain,
        timestamp_token=authority.tsa.token(sha256(signature).digest(), now) if timed else None,
    )
    return value, spki


async def run(*, people: int, level: Level, workers: int, peers: bool) -> dict[str, Any]:
    """Return what `--json` prints; `documents` counts only what was verified again from the store."""
    with tempfile.TemporaryDirectory(prefix="pakta-bench-") as folder:
        settings = settings_in(Path(folder))
        async with running(settings) as held:
            round_id, reports, durable, leaves = await make_archive(held, people, level, workers)
            began = time.process_time()
            verified, faults = await audit(held, round_id, STATES[level], timed=level != "B-B")
            audited = time.process_time() - began
            stored = await asyncio.to_thread(bytes_in, settings.storage.blob_dir)
    cpu = sum(r["cpu_seconds"] for r in reports) / people
    return {
        "level": level,
        "documents": verified,
        "faults": faults,
        "workers": workers,
        "seconds": round(durable, 2),
        "docs_per_second": round(verified / durable),
        "docs_per_second_per_core": round(verified / durable / workers),
        "docs_per_cpu_second": round(1 / cpu),
        "floor_ratio": round(cpu * statistics.median(r["floor_rate"] for r in reports), 2),
        "audited_per_cpu_second": round(verified / audited),
        "bytes_per_document": round(stored / people),
        "log_leaves": leaves,
        "peers": await _peers(level) if peers else {},
    }


def settings_in(folder: Path) -> Settings:
    """Return settings, here and for the processes started from here, of a service that keeps everything in a folder."""
    os.environ |= {"PAKTA_DATA_DIR": str(folder), "PAKTA_MODE": "demo", "PAKTA_DATABASE_URL": ""}
    os.environ |= {"PAKTA_SMTP_URL": f"dir://{folder}/mail", "PAKTA_BLOBS": ""}
    return Settings()


async def make_archive(
    held: Resources, people: int, level: Level, workers: int
) -> tuple[UUID, list[dict[str, float]], float, int]:
    """Make one document for each of so many people; return the round, what each process reports, seconds, leaves in the log."""
    settings = held.get(Settings)
    round_id = await _open_round(settings, people, settings.storage.data_dir)
    shares = await _shares(held, round_id, people, workers)
    async with asyncio.TaskGroup() as group:
        started = [group.create_task(_start(round_id, level, share)) for share in shares]
    began = time.perf_counter()
    working = asyncio.gather(*(_finish(task.result()) for task in started))
    while not working.done():  # the log is published meanwhile, as the service's worker does every second
        await asyncio.wait([working], timeout=PUBLISH_EVERY)
        await publish(held)
    reports = await working
    leaves = await publish(held)
    return round_id, reports, time.perf_counter() - began, leaves


def bytes_in(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


async def _open_round(settings: Settings, people: int, folder: Path) -> UUID:
    async with in_process(settings) as (held, http):
        admin = Admin(http, await admin_token(held))
        await admin.import_roster(max(500, round(people * SPARE)), folder)
        return UUID(await admin.open_round(clock_of(held).now()))


async def _shares(held: Resources, round_id: UUID, people: int, workers: int) -> list[tuple[str | None, int]]:
    """Return for each process the obligation after which its own begin (None: from the first), and how many they are."""
    ids: list[UUID] = []
    async with held.get(Database).transaction() as session:
        while len(ids) < people:
            after = ids[-1] if ids else None
            page = await list_owed(session, round_id, PLEDGE, after, min(1000, people - len(ids)))
            if not page:
                raise CannotStart(f"Hanya {len(ids)} orang dalam daftar pegawai yang wajib menandatangani.")
            ids += [owed.obligation_id for owed in page]
    bounds = [people * i // workers for i in range(workers + 1)]
    return [(str(ids[start - 1]) if start else None, end - start) for start, end in pairwise(bounds)]


async def _start(round_id: UUID, level: Level, share: tuple[str | None, int]) -> asyncio.subprocess.Process:
    """Start a process and wait until it has everything loaded."""
    after, count = share
    arguments = ["-m", "app.cli.bench_share", str(round_id), level, after or "", str(count)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    if await process.stdout.readline() != b"ready\n":
        raise CannotStart("Proses pengukur gagal dimulai; lihat pesannya di atas.")
    return process


async def _finish(process: asyncio.subprocess.Process) -> dict[str, float]:
    answer, _ = await process.communicate(b"go\n")
    if process.returncode:
        raise CannotStart("Proses pengukur berhenti sebelum selesai; lihat pesannya di atas.")
    report: dict[str, float] = json.loads(answer)
    return report


async def work(round_id: UUID, level: Level, after: UUID | None, count: int) -> None:
    """Do a share, the next `count` obligations: what a measuring process runs."""
    async with running(Settings()) as held:
        shelf = held.get(TemplateShelf)
        async with held.get(Database).transaction() as session:
            await shelf.text(session, round_id, PLEDGE)
        floor = floor_rate(SIGNATURES[level])
        settle()
        print("ready", flush=True)
        if await asyncio.to_thread(sys.stdin.readline) != "go\n":
            return  # whoever started this has gone
        began, done = time.process_time(), 0
        while done < count:
            after = await _batch(held, round_id, level, after, min(BATCH, count - done))
            done += BATCH
        print(json.dumps({"cpu_seconds": time.process_time() - began, "floor_rate": floor}))


async def _batch(held: Resources, round_id: UUID, level: Level, after: UUID | None, count: int) -> UUID:
    """Make the next documents, in one transaction; return the last obligation."""
    sealer, now = held.get(Sealer), clock_of(held).now().replace(microsecond=0)
    authority, institution = sealer.authority, sealer.settings.institution

    def sign(owed: Owed, digest: bytes) -> tuple[bytes, bytes]:
        printed = owed.printed
        subject = Subject(institution, printed["agency"], printed["name"], printed["nip"])
        return sign_as_device(authority, subject, digest, now, timed=level != "B-B")

    async with held.get(Database).transaction() as session:
        owed = await list_owed(session, round_id, PLEDGE, after, count)
        await issue(session, sealer, owed, sign, level=level, now=now)
    return owed[-1].obligation_id


async def publish(held: Resources) -> int:
    """Sequence every leaf that waits; return the size of the tree."""
    size = -1
    while True:
        async with held.get(Database).transaction() as session:
            checkpoint = await transparency.publish(session, held.get(LogIdentity), now=clock_of(held).now())
        if checkpoint is None or checkpoint.size == size:
            return max(size, 0)
        size = checkpoint.size


async def audit(held: Resources, round_id: UUID, state: str, *, timed: bool) -> tuple[int, dict[str, str]]:
    """Check every document of a round from the store; return how many hold, and why others do not."""
    shelf, blobs = held.get(TemplateShelf), held.get(BlobStore)  # type: ignore[type-abstract]
    authority = held.get(KeyRing).authority
    verified, after = 0, None
    faults: dict[str, str] = {}
    while True:
        async with held.get(Database).transaction() as session:
            batch = await audit_sealed(session, shelf, blobs, authority, round_id, after, state=state, timed=timed)
        if batch.last is None:
            return verified, faults
        verified, after = verified + batch.verified, batch.last
        faults |= {str(document): why for document, why in batch.faults.items()}


async def _peers(level: str) -> dict[str, Any]:
    """Measure other ways on one core, in this run: the naive one, and the libraries inside OpenSign and Documenso where Node is."""
    found = await _peer(NAIVE, level, str(PEER_DOCUMENTS))
    if shutil.which("node") is None:
        return found | {"not measured": "OpenSign, Documenso: Node is not installed"}
    return found | await _peer(NODE_LIBRARIES, str(PEER_DOCUMENTS))


async def _peer(module: str, *arguments: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    answer, _ = await process.communicate()
    if process.returncode:
        raise CannotStart("Pembanding gagal dijalankan; lihat pesannya di atas.")
    found: dict[str, Any] = json.loads(answer)
    return found
