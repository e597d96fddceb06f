"""`pakta doctor`: is what the service keeps in itself right? It changes nothing unless it is told to repair."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from app.cli.options import AsJson, DataDir
from app.compliance import counting
from app.compliance.counting import Comparison, Waiting
from app.compliance.documents import service as documents
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.postgres import LocalPostgres, find_binaries
from app.core.schema import is_current
from app.core.settings import Settings
from app.obligation.audit import service as audit
from app.wiring import examine_keys

LONG = timedelta(minutes=10)
CONTRADICTED = {
    "pledges": "peserta tidak memiliki semua pernyataan putarannya.",
    "exemptions": "kewajiban tidak cocok dengan pembebasannya.",
    "reasons": "kewajiban dikecualikan tanpa alasan yang tercatat.",
    "roster": "hitungan pegawai per unit tidak cocok dengan data pegawai.",
    "changes": "kelompok catatan perubahan tidak cocok dengan log transparansi.",
}


@dataclass
class Report:
    """What was found: `wrong` are faults that make the answer no, `warnings` will become some.

    `documents` are agencies whose counters of documents were compared, and those that differ.
    """

    rounds: list[Comparison] = field(default_factory=list)
    documents: tuple[int, int] = (0, 0)
    repaired: list[str] = field(default_factory=list)
    waiting: Waiting | None = None
    contradictions: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "ok": not self.wrong,
            "rounds": [
                {
                    "id": str(r.round_id),
                    "title": r.title,
                    "groups": r.groups,
                    "wrong": r.wrong,
                    "people_at_odds": r.people_at_odds,
                }
                for r in self.rounds
            ],
            "documents": {"groups": self.documents[0], "wrong": self.documents[1]},
            "repaired": self.repaired,
            "contradictions": self.contradictions,
            "unsealed_documents": self.waiting.documents if self.waiting else None,
            "log_queue": self.waiting.facts if self.waiting else None,
            "wrong": self.wrong,
            "warnings": self.warnings,
        }


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Count wrong figures anew from the register.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Compare the figures with a recount, and look at schema, keys and queues: 0 all is well, 1 something is wrong."""
    found = asyncio.run(_examine(Settings(), repair=repair))
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        _tell(found)
    raise typer.Exit(1 if found.wrong else 0)


def _tell(found: Report) -> None:
    for compared in found.rounds:
        verdict = "cocok" if compared.right else f"{compared.wrong} SALAH"
        typer.echo(f"Putaran {compared.title}: {compared.groups} kelompok dihitung ulang, {verdict}.")
    groups, wrong = found.documents
    if groups:
        typer.echo(
            f"Hitungan dokumen: {groups} perangkat daerah dihitung ulang, {f'{wrong} SALAH' if wrong else 'cocok'}."
        )
    if found.waiting:
        typer.echo(f"Menunggu segel: {found.waiting.documents} dokumen; menunggu log: {found.waiting.facts} catatan.")
    for sentence in (*found.wrong, *found.warnings):
        typer.echo(sentence, err=True)
    if not found.wrong:
        typer.echo("Semuanya baik.")


async def _examine(settings: Settings, *, repair: bool) -> Report:
    now, found = SystemClock().now(), Report()
    for key in await asyncio.to_thread(examine_keys, settings, now):
        (found.wrong if key.level == "error" else found.warnings).append(f"{key.detail} ({key.code})")
    async with _database(settings, found) as database:
        if database is None:
            return found
        await _compare(database, found)
        if repair:
            await _repair(database, found, now)
        async with database.transaction() as session:
            found.waiting = await counting.waiting(session)
            found.contradictions = await audit.contradictions(session)
    _judge(found, now)
    return found


async def _compare(database: Database, found: Report) -> None:
    """In a transaction that cannot write: a doctor who changes what he looks at would see himself."""
    async with database.transaction() as session:
        await session.connection(execution_options={"postgresql_readonly": True})
        found.rounds, found.documents = await counting.verify(session), await documents.verify(session)


async def _repair(database: Database, found: Report, now: datetime) -> None:
    for compared in found.rounds:
        if compared.wrong:
            async with database.transaction() as session:
                await counting.rebuild(session, compared.round_id, now=now)
            found.repaired.append(str(compared.round_id))
    if found.documents[1]:
        async with database.transaction() as session:
            await documents.repair(session)
        found.repaired.append("documents")
    if found.repaired:
        await _compare(database, found)


def _judge(found: Report, now: datetime) -> None:
    for compared in found.rounds:
        if compared.wrong:
            found.wrong.append(
                f"Angka putaran {compared.title} tidak sama dengan hitung ulang; jalankan `pakta doctor --repair`."
            )
        if compared.people_at_odds:
            found.wrong.append(
                f"{compared.people_at_odds} pegawai di putaran {compared.title} tidak cocok dengan kewajibannya."
            )
    if found.documents[1]:
        found.wrong.append("Hitungan dokumen tidak sama dengan hitung ulang; jalankan `pakta doctor --repair`.")
    found.wrong += [f"{count} {CONTRADICTED[name]}" for name, count in found.contradictions.items()]
    if found.waiting and found.waiting.since and now - found.waiting.since > LONG:
        found.warnings.append(
            "Ada dokumen yang menunggu segel lebih dari sepuluh menit. Apakah `pakta worker` berjalan?"
        )


@asynccontextmanager
async def _database(settings: Settings, found: Report) -> AsyncIterator[Database | None]:
    """The database as it stands: none is made and none is brought up to date; None, with the reason, when it is unfit."""
    url, server = settings.database.url.get_secret_value(), None
    if not url:
        folder = settings.storage.data_dir / "postgres"
        if not folder.exists():
            found.wrong.append("Basis data belum ada. Jalankan `pakta serve` atau `pakta db upgrade` dahulu.")
            yield None
            return
        server = LocalPostgres(folder, find_binaries(settings.postgres.bin))
        url = await asyncio.to_thread(server.start)
    database = Database(url, settings.database)
    try:
        if await asyncio.to_thread(is_current, url):
            yield database
        else:
            found.wrong.append("Skema basis data bukan yang terbaru. Jalankan `pakta db upgrade`.")
            yield None
    finally:
        await database.close()
        if server is not None:
            await asyncio.to_thread(server.stop)
