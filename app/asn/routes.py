"""Roster imports and employees over the API."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from pydantic import BaseModel

from app.asn import importing, nip, queries, service
from app.asn.models import Employee
from app.core.errors import UploadTooLarge
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, resources
from app.core.paging import CursorInvalid, CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.opd.models import Unit
from app.transparency.record import LogIdentity

router = APIRouter(tags=["asn"])

Employment = Literal["pns", "cpns", "pppk", "pppk_pw", "non_asn"]
_PRINTABLE = r"^[^\x00]*$"  # PostgreSQL's text holds no zero byte


class ImportRead(BaseModel):
    """A roster import with its counts."""

    id: UUID
    status: Literal["staged", "applied"]
    file_name: str
    counts: dict[str, int]
    created_at: datetime
    applied_at: datetime | None


class ImportRowRead(BaseModel):
    """One row of the sheet: what became of it, where the trouble is, and what to do."""

    row: int
    sheet: str
    outcome: str
    change: str
    codes: list[str]
    column: str
    found: str
    remedy: str


class EmployeeRead(BaseModel):
    """A person on the roster."""

    id: UUID
    nip: str
    name: str
    employment: str
    legal_status: str
    grade: str
    position: str
    unit_id: UUID
    unit: str
    agency_id: UUID


@contextmanager
def _kept(upload: UploadFile, most_mb: int) -> Iterator[Path]:
    """Copy an upload to a file of its own; raises `UploadTooLarge`."""
    with tempfile.NamedTemporaryFile(suffix=Path(upload.filename or "").suffix[:8]) as file:
        shutil.copyfileobj(upload.file, file)
        file.flush()
        if file.tell() > most_mb << 20:
            raise UploadTooLarge(most_mb=most_mb)
        yield Path(file.name)


@router.post("/roster-imports", status_code=201)
async def stage(
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    file: Annotated[UploadFile, File(description="XLSX or CSV")],
    units: Annotated[UploadFile | None, File(description="Unit file (CSV)")] = None,
) -> ImportRead:
    """Upload a roster: every row is read, checked and compared; nothing changes until it is applied."""
    most = settings.limits.upload_mb
    tree = None
    if units is not None:
        with _kept(units, most) as path:
            tree = importing.read_units(path)
    with _kept(file, most) as path:
        staged, _ = await importing.stage(session, actor, path, file.filename or "", tree, now=clock.now())
    return ImportRead.model_validate(staged, from_attributes=True)


@router.get("/roster-imports/{import_id}")
async def read_import(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportRead:
    """Read an import's counts."""
    return ImportRead.model_validate(await importing.get_import(session, actor, import_id), from_attributes=True)


@router.get("/roster-imports/{import_id}/rows")
async def list_rows(
    import_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    outcome: Literal["accepted", "warned", "rejected", "new", "changed", "unchanged", "missing"] | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[ImportRowRead]:
    """List rows by outcome (accepted, warned, rejected) or change (new, changed, unchanged, missing)."""
    await importing.get_import(session, actor, import_id)
    parts = decode_cursor(cursor, 2)
    rows: list[dict[str, Any]]
    if outcome == "missing":
        people = await queries.list_missing(session, import_id, uuid_part(parts[1]) if parts else None, limit + 1)
        rows = [_missing(p.nip, p.name) for p in people]
        marks: list[tuple[str, Any]] = [("", p.id) for p in people]
    else:
        found = await queries.list_rows(
            session,
            import_id,
            outcome=outcome if outcome in {"accepted", "warned", "rejected"} else None,
            change=outcome if outcome in {"new", "changed", "unchanged"} else None,
            after=_row_mark(parts) if parts else None,
            limit=limit + 1,
        )
        rows = [{name: getattr(r, name) for name in ImportRowRead.model_fields} for r in found]
        marks = [(r.sheet, r.row) for r in found]
    if len(rows) > limit:
        link_next(request, response, encode_cursor(*marks[limit - 1]))
    return [ImportRowRead(**row) for row in rows[:limit]]


@router.post("/roster-imports/{import_id}/apply")
async def apply(import_id: UUID, request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep) -> ImportRead:
    """Apply a staged import, all of it or nothing."""
    log = resources(request).get(LogIdentity)
    applied = await importing.apply(session, actor, log, import_id, now=clock.now())
    return ImportRead.model_validate(applied, from_attributes=True)


@router.get("/employees")
async def list_employees(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    q: Annotated[str | None, Query(max_length=100, pattern=_PRINTABLE)] = None,
    nip_: Annotated[str | None, Query(alias="nip", max_length=40)] = None,
    unit: UUID | None = None,
    opd: UUID | None = None,
    employment: Employment | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[EmployeeRead]:
    """List people on the roster by name, inside the caller's scope."""
    parts = decode_cursor(cursor, 2)
    reading = nip.read(nip_) if nip_ else None
    if reading is not None and reading.nip is None:
        return []
    found = await service.list_visible(
        session,
        actor,
        limit + 1,
        search=q,
        nip=reading.nip.digits if reading and reading.nip else None,
        agency_id=opd,
        unit_id=unit,
        employment=employment,
        after=(parts[0], uuid_part(parts[1])) if parts else None,
    )
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1][0].name, found[-1][0].id))
    return [_employee(employee, unit, service.shown_nip(actor, employee.nip)) for employee, unit in found]


def _row_mark(parts: list[str]) -> tuple[str, int]:
    """Return the sheet and row a page ended with."""
    sheet, row = parts
    if "\0" in sheet or re.fullmatch("[0-9]{1,9}", row) is None:
        raise CursorInvalid
    return sheet, int(row)


def _employee(employee: Employee, unit: Unit, nip_shown: str) -> EmployeeRead:
    return EmployeeRead(
        id=employee.id,
        nip=nip_shown,
        name=employee.name,
        employment=employee.employment,
        legal_status=employee.legal_status,
        grade=employee.grade,
        position=employee.position,
        unit_id=employee.unit_id,
        unit=unit.name,
        agency_id=unit.agency_id,
    )


def _missing(nip_digits: str, name: str) -> dict[str, Any]:
    return {
        "row": 0,
        "sheet": "",
        "outcome": "missing",
        "change": "missing",
        "codes": ["row.missing"],
        "column": "",
        "found": f"{name} ({nip.group(nip_digits)})",
        "remedy": "",
    }
