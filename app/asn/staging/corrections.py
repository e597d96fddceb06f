"""The correction workbook of an import: a small one is made at once, a large one by a job, and kept sealed until it is fetched or old."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from pathlib import Path
from uuid import UUID

from app.asn import correction, importing, queries
from app.asn.correction_book import Mark
from app.asn.errors import FileRefused, UploadGone
from app.asn.models import RosterImport
from app.asn.nik import service as niks
from app.asn.outcome import remedy_of
from app.asn.staging.service import MADE_OF, upload_folder
from app.asn.upload import nameless
from app.core import jobs
from app.core.db import Session
from app.core.principal import Principal
from app.core.settings import Settings

JOB = "roster.write_corrections"
AT_ONCE = 2_000  # rows; some tenths of a second
_FAILED = ".failed"


async def fetch(
    session: Session, actor: Principal, import_id: UUID, settings: Settings, *, language: str, later: bool
) -> Iterator[bytes] | None:
    """Return the workbook piece by piece, or None while a job makes it: ask again. With `later` a small one is left to the job, too.

    Raises `UploadGone`, and `FileRefused` once when making it took more memory or time than the limits allow.
    """
    found = await _corrigible(session, actor, import_id, settings)
    folder, kind = upload_folder(settings), _kind(language)
    if not later and found.counts.get("rows", 0) <= AT_ONCE:
        with nameless() as made:
            await write(session, actor, import_id, settings, made, language=language)
            return iter([await asyncio.to_thread(made.read_bytes)])
    if folder.has(import_id, kind):
        pieces = folder.chunks(import_id, kind)
        return chain([await asyncio.to_thread(next, pieces)], pieces)
    if folder.has(import_id, kind + _FAILED):
        reason = b"".join(folder.chunks(import_id, kind + _FAILED)).decode()
        folder.forget(import_id, kind + _FAILED)
        raise FileRefused(reason)
    await jobs.defer_once(session, JOB, f"{import_id}{kind}", import_id=str(import_id), language=language)
    return None


async def make(session: Session, actor: Principal, import_id: UUID, settings: Settings, *, language: str) -> None:
    """Make the workbook a job was asked for, and keep it; asked for twice it does nothing the second time."""
    folder, kind = upload_folder(settings), _kind(language)
    if folder.has(import_id, kind) or not folder.has(import_id):
        return
    with nameless(folder.path) as made:
        try:
            await write(session, actor, import_id, settings, made, language=language)
        except FileRefused as refused:
            await asyncio.to_thread(made.write_text, str(refused.params["reason"]), encoding="utf-8")
            kind += _FAILED
        await asyncio.to_thread(folder.keep, import_id, made, kind)


async def write(
    session: Session, actor: Principal, import_id: UUID, settings: Settings, target: Path, *, language: str
) -> None:
    """Write the workbook to a file."""
    found = await _corrigible(session, actor, import_id, settings)
    marks = _marks(session, import_id, language)
    tables, key = found.layout["tables"], niks.nik_key(settings)
    async with upload_folder(settings).opened(import_id) as source:
        await correction.write(source, target, tables, marks, settings.limits, key)


async def _corrigible(session: Session, actor: Principal, import_id: UUID, settings: Settings) -> RosterImport:
    found = await importing.get_import(session, actor, import_id)
    importing.require_status(found, "staged", "applied")
    if not upload_folder(settings).has(import_id):
        raise UploadGone
    return found


async def _marks(session: Session, import_id: UUID, language: str) -> AsyncIterator[Mark]:
    async for sheet, row, findings in queries.stream_findings(session, import_id):
        for f in findings:
            yield Mark(sheet, row, f["column"], f["found"], remedy_of(f["code"], f["params"], language))


def _kind(language: str) -> str:
    return f"{MADE_OF}.{language}"
