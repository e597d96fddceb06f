"""`pakta demo --once`: roster, round, signatures, seals, re-verification, recap."""

import asyncio
import os
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli import recap
from app.cli.operator import clock_of
from app.core.blobs import BlobStore
from app.core.db import Database
from app.core.errors import CannotStart
from app.core.permission import Role
from app.core.resources import Resources
from app.core.settings import Settings
from app.core.telemetry import configure_logs
from app.demo import crowd
from app.demo.city import Admin
from app.demo.signers import in_process
from app.document import service
from app.document.audit import audit_sealed
from app.document.compiled import TemplateShelf
from app.document.sealing import Sealer, count_waiting, seal_waiting
from app.identity import service as identity
from app.pki.keyring import KeyRing
from app.transparency import service as transparency
from app.transparency.record import LogIdentity

EXPORTED = 20


class _Steps:
    """Seconds of each step, shown as they pass."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, label: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 2)
        self.console.print(f"[green]✓[/] {label} [dim]{self.seconds[name]:.1f} s[/]")

    def bar(self) -> Progress:
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self.console, transient=True)


async def run(console: Console, *, people: int, share: float, export: Path | None) -> dict[str, Any]:
    """Do the whole main job; return what `--json` prints."""
    settings = Settings()
    configure_logs(settings.service)
    steps = _Steps(console)
    started = time.perf_counter()
    async with in_process(settings) as (held, http):
        admin = Admin(http, await admin_token(held))
        if await admin.find_round():
            raise CannotStart(f"{settings.storage.data_dir} sudah berisi demo; pilih folder kosong dengan --data-dir.")
        with steps.step("import", f"{people} pegawai diimpor"):
            await admin.import_roster(people, settings.storage.data_dir)
        with steps.step("open", "Putaran dibuka; naskah dan penyebut dibekukan"):
            round_id = await admin.open_round(clock_of(held).now())
        with steps.step("sign", "Ditandatangani di perangkat masing-masing"):
            signed = await _sign(admin, round_id, round(people * share), steps)
        with steps.step("seal", "Disegel dan diberi stempel waktu arsip"):
            await _seal_rest(held)
        with steps.step("verify", "Setiap berkas diperiksa ulang dari penyimpanan"):
            verified, faults = await _verify(held, UUID(round_id), steps, signed * 2)
        with steps.step("log", "Log transparansi diterbitkan"):
            leaves = await _publish(held)
        figures = await admin.compliance(round_id)
        if export:
            export.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - once, at the end of a command
            await _export(held, UUID(round_id), export)
    steps.seconds["total"] = round(time.perf_counter() - started, 2)
    return {
        "people": people,
        "signed": figures["total"]["signed"],
        "sealed": verified + len(faults),
        "verified": verified,
        "faults": {str(i): code for i, code in faults.items()},
        "log_leaves": leaves,
        "seconds": steps.seconds,
        "compliance": figures,
    }


def show(console: Console, result: dict[str, Any]) -> int:
    """Print the recap and what was made; return the exit code: 1 when anything does not reconcile."""
    console.print(recap.table(result["compliance"], console.width))
    wrong = recap.faults(result["compliance"])
    console.print(
        f"{result['signed']} pegawai menandatangani; {result['sealed']} dokumen disegel, {result['verified']} lolos "
        f"periksa ulang; {result['log_leaves']} catatan dalam log; {result['seconds']['total']:.0f} detik."
    )
    if wrong or result["faults"] or result["sealed"] != 2 * result["signed"]:
        console.print(f"[red]Angka tidak cocok:[/] {wrong or result['faults'] or 'jumlah dokumen'}")
        return 1
    console.print("[green]Semua angka cocok.[/]")
    return 0


async def admin_token(held: Resources, role: Role = Role.BKPSDM_ADMIN) -> str:
    """Make an admin's token for this run, or one of another role over all agencies."""
    async with held.get(Database).transaction() as session:
        return await identity.create_token(
            session,
            name="demo",
            role=role,
            agencies=None,
            life=timedelta(days=1),
            now=clock_of(held).now(),
        )


async def _sign(admin: Admin, round_id: str, count: int, steps: _Steps) -> int:
    chosen = await admin.choose_signers(round_id, count)
    links = await admin.links(chosen)
    with steps.bar() as bar:
        task = bar.add_task("menandatangani", total=len(links))
        await crowd.sign(links, lambda: bar.advance(task), url=None, processes=os.cpu_count())
    return len(links)


async def _seal_rest(held: Resources) -> None:
    """The worker beside this application seals, too; what it has in hand is locked and must be waited for."""
    sealer, database, clock = held.get(Sealer), held.get(Database), clock_of(held)
    while True:
        async with database.transaction() as session:
            sealed = await seal_waiting(session, sealer, now=clock.now())
            waiting = 0 if sealed else await count_waiting(session)
        if not sealed and not waiting:
            return
        if not sealed:
            await asyncio.sleep(0.05)


async def _verify(held: Resources, round_id: UUID, steps: _Steps, expected: int) -> tuple[int, dict[UUID, str]]:
    verified, after = 0, None
    faults: dict[UUID, str] = {}
    shelf, blobs = held.get(TemplateShelf), held.get(BlobStore)  # type: ignore[type-abstract]
    authority = held.get(KeyRing).authority
    with steps.bar() as bar:
        task = bar.add_task("memeriksa", total=expected)
        while True:
            async with held.get(Database).transaction() as session:
                batch = await audit_sealed(session, shelf, blobs, authority, round_id, after)
            if batch.last is None:
                return verified, faults
            verified, after = verified + batch.verified, batch.last
            faults |= batch.faults
            bar.advance(task, batch.verified)


async def _publish(held: Resources) -> int:
    log, clock = held.get(LogIdentity), clock_of(held)
    size = -1
    while True:
        async with held.get(Database).transaction() as session:
            checkpoint = await transparency.publish(session, log, now=clock.now())
        if checkpoint is None or checkpoint.size == size:
            return max(size, 0)
        size = checkpoint.size


async def _export(held: Resources, round_id: UUID, folder: Path) -> None:
    shelf, blobs = held.get(TemplateShelf), held.get(BlobStore)  # type: ignore[type-abstract]
    async with held.get(Database).transaction() as session:
        for number, document in enumerate(await service.list_sealed(session, round_id, None, EXPORTED), start=1):
            data = await service.file_bytes(session, shelf, blobs, document)
            (folder / f"{number:02d}-{document.pledge}-{document.code}.pdf").write_bytes(data)
    (folder / "root.pem").write_text(ssl.DER_cert_to_PEM_cert(held.get(KeyRing).authority.root))
