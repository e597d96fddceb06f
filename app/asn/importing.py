"""A roster import: stage (read, check, compare; nothing changes), then apply in one transaction."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from app.asn import queries, sheet
from app.asn.check import CheckedRow, PersonFields, check_rows
from app.asn.compare import KEPT, ComparedRow, RosterIndex, fields
from app.asn.conflict import settle
from app.asn.errors import FileRefused, ImportApplied, ImportOutdated, UnitFileInvalid, UnitsMissing
from app.asn.models import RosterImport, RosterRow
from app.asn.refusal import SheetRefused
from app.core.db import Session, copy_rows
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.opd import service as opd
from app.opd import tree as unit_tree
from app.opd import unit_file
from app.opd.tree import UnitTree
from app.opd.unit_file import UnitFileRefused, UnitRow
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

_ROW = [
    "import_id",
    "sheet",
    "row",
    "outcome",
    "change",
    "codes",
    "column_name",
    "found",
    "remedy",
    "person",
    "employee_id",
]
BATCH = 5_000


def read_units(path: Path) -> UnitTree:
    """Return the tree of a unit file; raises `UnitFileInvalid` with every problem."""
    try:
        return unit_tree.build(unit_file.read(path))
    except UnitFileRefused as refused:
        problems = [
            {"row": p.row, "column": p.column, "code": p.code, "found": p.found, "remedy": p.remedy}
            for p in refused.problems
        ]
        raise UnitFileInvalid(problems=problems[:100], count=len(problems)) from refused


def check_file(path: Path, directory: unit_tree.UnitDirectory) -> list[CheckedRow]:
    """Read and check every row of a roster; raises `FileRefused` when it is none."""
    try:
        return list(check_rows(sheet.read(path), directory))
    except SheetRefused as refused:
        raise FileRefused(reason=refused.code, remedy=refused.remedy) from refused


async def stage(
    session: Session, actor: Principal, path: Path, file_name: str, units: UnitTree | None, *, now: datetime
) -> tuple[RosterImport, list[CheckedRow]]:
    """Read, check and compare a roster; store every row with its outcome. The roster itself does not change."""
    actor.require(Permission.ROSTER_IMPORT)
    siasn_of = {unit_id: siasn for siasn, unit_id in (await opd.ids_by_siasn(session)).items()}
    if units is None and not siasn_of:
        raise UnitsMissing
    directory = unit_tree.directory(units) if units else await opd.directory(session)
    index = RosterIndex(await queries.list_current(session), siasn_of)
    checked = await asyncio.to_thread(check_file, path, directory)  # seconds of reading: not on the event loop
    compared = settle([index.compare(row) for row in checked], index.holders)
    staged = RosterImport(
        id=new_id(),
        file_name=file_name[:200],
        sha256=await asyncio.to_thread(_file_sha256, path),
        status="staged",
        counts=_counts(compared, index),
        units=[asdict(unit) for unit in units.units.values()] if units else [],
        created_by=actor.id,
        created_at=now,
    )
    session.add(staged)
    await session.flush()
    await copy_rows(session, "roster_row", _ROW, _staged_rows(staged.id, compared))
    return staged, [row.checked for row in compared]


async def get_import(session: Session, actor: Principal, import_id: UUID, *, lock: bool = False) -> RosterImport:
    """Return an import; raises `NotFound`."""
    actor.require(Permission.ROSTER_IMPORT)
    found = await queries.find_import(session, import_id, lock=lock)
    if found is None:
        raise NotFound
    return found


async def apply(
    session: Session, actor: Principal, log: LogIdentity, import_id: UUID, *, now: datetime
) -> RosterImport:
    """Bring the roster to what the import says, all of it or nothing. People missing from the file stay as they are."""
    await queries.lock_applying(session)
    staged = await get_import(session, actor, import_id, lock=True)
    if staged.status == "applied":
        raise ImportApplied
    newest = await queries.newest_applied_at(session)
    if newest is not None and newest > staged.created_at:
        raise ImportOutdated(applied_at=newest)
    if staged.units:
        tree = unit_tree.build([UnitRow(**unit) for unit in staged.units])
        await opd.apply_tree(session, tree, today=now.date())
    unit_ids = await opd.ids_by_siasn(session)
    await queries.release_changing_nips(session, import_id)
    after: tuple[str, int] | None = None
    while rows := await queries.list_rows(session, import_id, outcome=None, change=None, after=after, limit=BATCH):
        after = (rows[-1].sheet, rows[-1].row)
        await _apply_rows(session, rows, unit_ids, now)
        session.expunge_all()
    staged = await get_import(session, actor, import_id, lock=True)
    staged.status, staged.applied_at = "applied", now
    digest = bytes.fromhex(staged.sha256)
    await transparency.record(session, log, [transparency.Entry(Fact.ROSTER_APPLIED, staged.id, digest, now, actor.id)])
    return staged


async def _apply_rows(session: Session, rows: Sequence[RosterRow], unit_ids: dict[str, UUID], now: datetime) -> None:
    new, changed = [], []
    for row in rows:
        if row.person is None or row.change not in {"new", "changed"}:
            continue
        values = _stored(row.person, unit_ids, now) | {"id": row.employee_id}
        if row.change == "new":
            new.append(values | {"pns_id": values.get("pns_id"), "current": True, "created_at": now})
        else:
            changed.append(values)
    await queries.insert_employees(session, new)
    with_pns = [row for row in changed if "pns_id" in row]
    without = [row for row in changed if "pns_id" not in row]
    columns = [*KEPT, "unit_id", "updated_at"]
    await queries.update_employees(session, with_pns, columns)
    await queries.update_employees(session, without, [name for name in columns if name != "pns_id"])


def _stored(person: dict[str, Any], unit_ids: dict[str, UUID], now: datetime) -> dict[str, Any]:
    stated = fields(PersonFields(**{**person, "birth_date": date.fromisoformat(person["birth_date"])}))
    return {**stated, "unit_id": unit_ids[person["unit_id"]], "updated_at": now}


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _counts(compared: Sequence[ComparedRow], index: RosterIndex) -> dict[str, int]:
    outcomes = Counter(row.checked.outcome.value for row in compared)
    changes = Counter(row.change for row in compared)
    named = {row.employee_id for row in compared}
    return {
        "rows": len(compared),
        "accepted": outcomes["accepted"],
        "warned": outcomes["warned"],
        "rejected": outcomes["rejected"],
        "new": changes["new"],
        "changed": changes["changed"],
        "unchanged": changes["unchanged"],
        "missing": len(index.ids - named),
    }


def _staged_rows(import_id: UUID, compared: Sequence[ComparedRow]) -> Iterator[tuple[Any, ...]]:
    for row in compared:
        checked = row.checked
        person = None
        if checked.person is not None:
            person = json.dumps(asdict(checked.person) | {"birth_date": checked.person.birth_date.isoformat()})
        yield (
            import_id,
            checked.sheet,
            checked.row,
            checked.outcome.value,
            row.change,
            json.dumps(checked.codes),
            checked.column,
            checked.found[:300].replace("\0", ""),
            checked.remedy,
            person,
            row.employee_id,
        )
