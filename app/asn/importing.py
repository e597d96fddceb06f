"""A roster import: stage (read, check, compare; nothing changes), apply in one transaction, undo while nothing depends on it."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from app.asn import queries, reader, sheet
from app.asn.check import CheckedRow, check_rows
from app.asn.columns import Column
from app.asn.errors import FileRefused, ImportNotStaged, UnitFileInvalid, UnitsMissing
from app.asn.linking import queries as linking
from app.asn.models import RosterImport, RosterRow
from app.asn.nik import service as niks
from app.asn.reader import ReadingRefused
from app.asn.reading import VERSION, Order
from app.asn.refusal import SheetRefused
from app.asn.sheet import Known
from app.asn.staging import queries as staging
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.settings import Settings
from app.opd import service as opd
from app.opd import tree as unit_tree
from app.opd import unit_file
from app.opd.tree import UnitTree
from app.opd.unit_file import UnitFileRefused, UnitRow

Placeable = Sequence[tuple[str, str, str, str]]


@dataclass(frozen=True, slots=True)
class Upload:
    """What was brought: the file, its name, the units that came with it, since when its changes hold (None: when applied)."""

    path: Path
    name: str
    units: UnitTree | None = None
    effective_on: date | None = None
    parent: RosterImport | None = None
    source: str = "file"


def read_units(path: Path, language: str = "id") -> UnitTree:
    """Return the tree of a unit file; raises `UnitFileInvalid` with every problem and its remedy in a language."""
    try:
        return unit_tree.build(unit_file.read(path))
    except UnitFileRefused as refused:
        problems = [
            {"row": p.row, "column": p.column, "code": p.code, "found": p.found, "remedy": p.remedy(language)}
            for p in refused.problems
        ]
        raise UnitFileInvalid(problems=problems[:100], count=len(problems)) from refused


def check_file(path: Path, directory: unit_tree.UnitDirectory) -> list[CheckedRow]:
    """Read and check every row of a roster in this process, each by itself; raises `FileRefused` when it is none."""
    try:
        return list(check_rows(sheet.read(path, known=Known(units=directory)), directory))
    except SheetRefused as refused:
        raise FileRefused(refused.code, refused.missing) from refused


async def begin(session: Session, actor: Principal, upload: Upload, *, now: datetime) -> RosterImport:
    """Register an upload that is to be read: its status is `reading`."""
    actor.require(Permission.ROSTER_IMPORT)
    if upload.units is None and not await opd.has_units(session):
        raise UnitsMissing
    begun = RosterImport(
        id=new_id(),
        parent_id=upload.parent.id if upload.parent else None,
        file_name=upload.name[:200].replace("\0", ""),
        sha256=await asyncio.to_thread(_file_sha256, upload.path),
        status="reading",
        source=upload.source,
        counts={},
        layout={},
        units=[asdict(unit) for unit in upload.units.units.values()] if upload.units else [],
        units_before=None,
        refusal=None,
        reading="",
        effective_on=upload.effective_on,
        base_revision=0,
        created_by=actor.id,
        created_at=now,
    )
    session.add(begun)
    await session.flush()
    return begun


async def read(session: Session, begun: RosterImport, path: Path, settings: Settings) -> None:
    """Read, check and compare an upload; store every row with its outcome. The roster itself does not change.

    The same file, read with the same units and columns before, is not read again. Raises `FileRefused` when it is no roster;
    one whose columns are not all known stays `unmapped` until they are told.
    """
    tree = tree_of(begun)
    units = unit_tree.placeable(tree) if tree else await opd.list_placeable(session)
    begun.base_revision = await queries.read_revision(session)
    await staging.make_tables(session, [(unit, name, of) for unit, name, _, of in units])
    mappings = await queries.mappings(session)
    if begun.layout.get("mapping"):
        mappings[begun.layout["fingerprint"]] = begun.layout["mapping"]
    begun.reading = _fingerprint(begun, units, mappings, settings)
    earlier = await queries.find_reading(session, begun.reading, but=begun.id)
    if earlier is not None:
        await staging.copy_earlier(session, earlier.id)
        begun.layout = earlier.layout
    else:
        order = _order(path, units, mappings, settings, begun)
        if not await _read_file(session, begun, replace(order, digest_key=await niks.digest_key(session, settings))):
            return
    await _compare(session, begun)


async def stage(
    session: Session, actor: Principal, upload: Upload, settings: Settings, *, now: datetime
) -> RosterImport:
    """Register an upload and read it at once."""
    begun = await begin(session, actor, upload, now=now)
    await read(session, begun, upload.path, settings)
    return begun


async def get_import(session: Session, actor: Principal, import_id: UUID, *, lock: bool = False) -> RosterImport:
    """Return an import; raises `NotFound`."""
    actor.require(Permission.ROSTER_IMPORT)
    found = await queries.find_import(session, import_id, lock=lock)
    if found is None:
        raise NotFound
    return found


async def list_findings(session: Session, actor: Principal, import_id: UUID) -> list[RosterRow]:
    """Return the rows of an import that were warned or rejected, in the order of the file."""
    await get_import(session, actor, import_id)
    return await queries.list_findings(session, import_id)


def require_status(found: RosterImport, *statuses: str) -> None:
    """Raise `ImportNotStaged` unless an import is in one of the states."""
    if found.status not in statuses:
        raise ImportNotStaged(state=found.status)


def tree_of(found: RosterImport) -> UnitTree | None:
    """Return the tree of the units that came with an import."""
    return unit_tree.build([UnitRow(**unit) for unit in found.units]) if found.units else None


async def _read_file(session: Session, begun: RosterImport, order: Order) -> bool:
    """Read the file into the temporary table; tell whether that was possible: columns that are not known are asked for."""
    try:
        async with reader.reading(order) as reading:
            begun.layout = {"tables": reading.tables, **reading.tables[0]}
            await staging.copy_reading(session, reading.chunks())
    except ReadingRefused as refused:
        if refused.layout is None or refused.layout["form"] != "local":
            raise FileRefused(refused.code, refused.missing) from refused
        begun.status, begun.reading = "unmapped", ""
        begun.layout = {**refused.layout, "missing": list(refused.missing)}
        return False
    if begun.parent_id:
        await staging.keep_undecided(session, begun.parent_id)
        await staging.copy_earlier(session, begun.parent_id, decided=True)
    return True


async def _compare(session: Session, begun: RosterImport) -> None:
    labels = begun.layout.get("columns", {})
    await staging.settle(
        session,
        nip_label=labels.get(Column.NIP.value, "NIP"),
        pns_label=labels.get(Column.PNS_ID.value, "PNS ID"),
        number_label=labels.get(Column.LOCAL_NUMBER.value, "") or labels.get(Column.NIK.value, "NIK"),
    )
    await staging.stage_rows(session, begun.id, str(new_id())[:13])
    # Only a file claims to hold everybody; a refresh holds who changed.
    whole = begun.source == "file"
    missing = await staging.stage_missing(session, begun.id, begun.parent_id) if whole else 0
    if whole:
        await linking.suggest(session, begun.id)
    if whole and begun.parent_id:
        await linking.carry(session, begun.id, begun.parent_id)
        missing = await linking.count_missing(session, begun.id)
    begun.counts = counted(await staging.count_rows(session, begun.id), missing)
    begun.status = "staged"
    await session.flush()


def _order(
    path: Path, units: Placeable, mappings: dict[str, dict[str, str]], settings: Settings, begun: RosterImport
) -> Order:
    return Order(
        path=str(path),
        units=tuple((unit, name, agency) for unit, name, agency, _ in units),
        mappings=mappings,
        memory_mb=settings.limits.roster_memory_mb,
        seconds=settings.limits.roster_seconds,
        correcting=begun.parent_id is not None,
        today=begun.created_at.date().isoformat(),
        nik_key=niks.nik_key(settings),
        keep_niks=settings.nik.keep,
    )


def _fingerprint(begun: RosterImport, units: Placeable, mappings: dict[str, dict[str, str]], settings: Settings) -> str:
    told = [VERSION, settings.nik.keep, begun.sha256, str(begun.parent_id), sorted(units), sorted(mappings.items())]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def counted(rows: Sequence[tuple[str, str, int]], missing: int) -> dict[str, int]:
    """Return the counts of an import by outcome and change."""
    outcomes, changes = Counter[str](), Counter[str]()
    for outcome, change, count in rows:
        outcomes[outcome] += count
        changes[change] += count
    return {
        "rows": outcomes.total(),
        "accepted": outcomes["accepted"],
        "warned": outcomes["warned"],
        "rejected": outcomes["rejected"],
        "new": changes["new"],
        "changed": changes["changed"],
        "unchanged": changes["unchanged"],
        "missing": missing,
    }
