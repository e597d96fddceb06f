"""What is done with a staged import before it is applied: look at its rows, decide about the missing, correct columns and cells."""

import asyncio
import re
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.asn import importing, nip, queries
from app.asn.columns import MAPPABLE, key_of
from app.asn.errors import DecisionInvalid, FileRefused, MappingInvalid, UploadGone
from app.asn.importing import Upload
from app.asn.models import RosterImport, RosterRow
from app.asn.nik import service as niks
from app.asn.outcome import remedy_of
from app.asn.schemas import ChangeRead, ImportRowRead, MappingWrite, MissingDecide, MissingRead
from app.asn.upload import UploadFolder
from app.core import jobs
from app.core.db import Session
from app.core.paging import CursorInvalid, decode_cursor, encode_cursor, uuid_part
from app.core.principal import Principal
from app.core.settings import Settings
from app.opd import service as opd

READ_JOB = "roster.read"
MADE_OF = ".corrections"
"""Kind of what is made of an upload: the workbook with the bad cells marked (`app.asn.staging.corrections`)."""


def upload_folder(settings: Settings) -> UploadFolder:
    """Return where uploads lie while they are needed."""
    return UploadFolder(settings.storage.data_dir.absolute() / "rosters", tuple(niks.all_keys(settings)))


async def take_in(
    session: Session, actor: Principal, upload: Upload, settings: Settings, *, later: bool, now: datetime
) -> RosterImport:
    """Register an upload and read it: at once, or `later` by a job."""
    begun = await importing.begin(session, actor, upload, now=now)
    folder = upload_folder(settings)
    if later:
        await asyncio.to_thread(folder.keep, begun.id, upload.path)
        await jobs.defer(session, READ_JOB, import_id=str(begun.id))
        return begun
    await importing.read(session, begun, upload.path, settings)
    if needs_file(begun):
        await asyncio.to_thread(folder.keep, begun.id, upload.path)
    return begun


async def read_kept(session: Session, import_id: UUID, settings: Settings) -> None:
    """Read an upload that was kept for a job; asked for twice it does nothing the second time. Raises `FileRefused`."""
    begun = await queries.find_import(session, import_id, lock=True)
    if begun is None or begun.status != "reading":
        return
    folder = upload_folder(settings)
    async with folder.opened(import_id) as path:
        await importing.read(session, begun, path, settings)
    if not needs_file(begun):
        await asyncio.to_thread(folder.forget, import_id)


async def refuse(session: Session, import_id: UUID, refused: FileRefused, settings: Settings) -> None:
    """Write down why an upload that a job read is no roster."""
    begun = await queries.find_import(session, import_id, lock=True)
    if begun is not None and begun.status == "reading":
        begun.status, begun.refusal = "refused", refused.params
        await asyncio.to_thread(upload_folder(settings).forget, import_id)


def needs_file(found: RosterImport) -> bool:
    """Whether the file itself is still needed: its columns may be told, or there are cells to correct."""
    local = found.layout.get("form") == "local"
    return local or bool(found.counts.get("rejected") or found.counts.get("warned"))


async def list_rows(
    session: Session,
    actor: Principal,
    import_id: UUID,
    outcome: str | None,
    cursor: str | None,
    limit: int,
    language: str,
) -> tuple[list[ImportRowRead], str | None]:
    """Return a page of rows and the cursor of the next, None on the last page."""
    await importing.get_import(session, actor, import_id)
    parts = decode_cursor(cursor, 2)
    found = await queries.list_rows(
        session,
        import_id,
        outcome=outcome if outcome in {"accepted", "warned", "rejected"} else None,
        change=outcome if outcome in {"new", "changed", "unchanged"} else None,
        after=_row_mark(parts) if parts else None,
        limit=limit + 1,
    )
    following = encode_cursor(found[limit - 1].sheet, found[limit - 1].row) if len(found) > limit else None
    page = found[:limit]
    moved = {siasn for row in page for siasn in (row.changes or {}).get("unit", []) if siasn}
    units = await opd.names_by_siasn(session, moved) if moved else {}
    return [row_read(row, units, language) for row in page], following


def row_read(row: RosterRow, units: dict[str, str], language: str) -> ImportRowRead:
    """Return a row as it is shown; units by name where their name is known."""
    first = row.findings[0] if row.findings else None
    return ImportRowRead(
        row=row.row,
        sheet=row.sheet,
        outcome=row.outcome,
        change=row.change,
        codes=[found["code"] for found in row.findings],
        column=first["column"] if first else "",
        found=first["found"][:300] if first else "",
        remedy=remedy_of(first["code"], first["params"], language) if first else "",
        changes=[_change(name, pair, units) for name, pair in (row.changes or {}).items()],
    )


def _change(name: str, pair: list[Any], units: dict[str, str]) -> ChangeRead:
    before, after = (units.get(value, value) if name == "unit" else value for value in pair)
    return ChangeRead(field=name, before=before, after=after)


async def list_missing(
    session: Session,
    actor: Principal,
    import_id: UUID,
    decision: str | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[MissingRead], str | None]:
    """Return a page of missing people and the cursor of the next, None on the last page."""
    await importing.get_import(session, actor, import_id)
    marks = decode_cursor(cursor, 2)
    after = uuid_part(marks[-1]) if marks else None
    found = await queries.list_missing(session, import_id, decision, after, limit + 1)
    people = [
        MissingRead(
            employee_id=employee.id,
            nip=employee.nip,
            local_number=employee.local_number,
            name=employee.name,
            unit_id=unit.id,
            unit=unit.name,
            agency_id=unit.agency_id,
            decision=missing.decision,
            decided_on=missing.decided_on,
            to_unit_id=missing.unit_id,
        )
        for missing, employee, unit in found
    ]
    following = encode_cursor("", people[limit - 1].employee_id) if len(people) > limit else None
    return people[:limit], following


def missing_row(person: MissingRead) -> ImportRowRead:
    """Return somebody missing in the shape of a row."""
    return ImportRowRead(
        row=0,
        sheet="",
        outcome="missing",
        change="missing",
        codes=["row.missing"],
        column="",
        found=f"{person.name} ({nip.group(person.nip) or person.local_number or '-'})",
        remedy="",
    )


async def decide(
    session: Session, actor: Principal, import_id: UUID, body: MissingDecide, *, now: datetime, today: date
) -> int:
    """Decide about people missing from a staged import; all of them must be missing from it."""
    staged = await importing.get_import(session, actor, import_id, lock=True)
    importing.require_status(staged, "staged")
    if body.on is not None and (body.decision == "keep" or body.on > today):
        raise DecisionInvalid(reason="on")
    if body.unit_id is not None:
        if body.decision != "transferred":
            raise DecisionInvalid(reason="unit_id")
        await opd.get_open_unit(session, body.unit_id)
    ids = list(dict.fromkeys(body.employee_ids))
    done = await queries.decide(
        session,
        import_id,
        ids,
        decision=body.decision,
        decided_on=body.on,
        unit_id=body.unit_id,
        decided_by=actor.id,
        decided_at=now,
    )
    if done != len(ids):
        raise DecisionInvalid(reason="employee_ids")
    return done


async def correct_mapping(
    session: Session, actor: Principal, import_id: UUID, body: MappingWrite, settings: Settings, *, now: datetime
) -> RosterImport:
    """Read the file of an import again with other columns, and remember them for its header."""
    found = await importing.get_import(session, actor, import_id, lock=True)
    importing.require_status(found, "staged", "unmapped")
    folder = upload_folder(settings)
    if not folder.has(import_id):
        raise UploadGone
    columns = _sound_mapping(body, found.layout["names"])
    await queries.save_mapping(
        session, found.layout["fingerprint"], body.name or found.file_name, columns, by=actor.id, at=now
    )
    await queries.forget_rows(session, import_id)
    found.reading = ""
    await session.flush()
    async with folder.opened(import_id) as path:
        await importing.read(session, found, path, settings)
    await asyncio.to_thread(folder.forget, import_id, MADE_OF + "*")
    return found


def _sound_mapping(body: MappingWrite, names: list[str]) -> dict[str, str]:
    known = {key_of(name) for name in names if name}
    ours = {column.value for column in MAPPABLE}
    for column, name in body.columns.items():
        if column not in ours:
            raise MappingInvalid(reason=column)
        if key_of(name) not in known:
            raise MappingInvalid(reason=name)
    told = body.columns.keys()
    if not ("name" in told and told & {"nip", "local_number", "nik"} and told & {"unit_name", "unit_id"}):
        raise MappingInvalid(reason="nip, name, unit_name")
    return body.columns


def _row_mark(parts: list[str]) -> tuple[str, int]:
    """Return the sheet and row a page ended with."""
    sheet, row = parts
    if "\0" in sheet or re.fullmatch("[0-9]{1,9}", row) is None:
        raise CursorInvalid
    return sheet, int(row)
