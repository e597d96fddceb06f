"""The unit tree: take in a unit file, list agencies and units."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal, Scope
from app.opd import queries
from app.opd.models import Unit, UnitVersion
from app.opd.tree import UnitTree


async def apply_tree(
    session: Session, tree: UnitTree, *, today: date, now: datetime, import_id: UUID | None = None
) -> list[dict[str, Any]]:
    """Store a tree of units; known units (by SIASN id) keep their own id, so everything that names them stays true.

    Returns what the changed units were before, for `restore`. Units that are not in the tree stay: see `close_vanished`.
    """
    known = {unit.siasn_id: unit for unit in await queries.list_all(session)}
    ids = {siasn_id: unit.id for siasn_id, unit in known.items()}
    for siasn_id in tree.units:
        ids.setdefault(siasn_id, new_id())
    rows = [_row(tree, siasn_id, place, ids, today) for place, siasn_id in enumerate(tree.units)]
    before = [
        _snapshot(known[row["siasn_id"]]) if row["siasn_id"] in known else {"id": str(row["id"]), "new": True}
        for row in rows
        if row["siasn_id"] not in known or _differs(known[row["siasn_id"]], row)
    ]
    session.expunge_all()
    await queries.upsert_units(session, _parents_first(rows))
    await queries.record_versions(session, today=today, now=now, import_id=import_id)
    return before


async def close_vanished(
    session: Session, tree: UnitTree, in_use: set[UUID], *, today: date, now: datetime, import_id: UUID | None = None
) -> list[dict[str, Any]]:
    """Close the units that are not in a tree any more, unless somebody is still there or below; return what they were before."""
    units = await queries.list_all(session)
    needed = {unit.id for unit in units if unit.siasn_id in tree.units or unit.id in in_use}
    by_id = {unit.id: unit for unit in units}
    for unit_id in list(needed):
        above = by_id[unit_id]
        while above.parent_id is not None and above.parent_id not in needed:
            above = by_id[above.parent_id]
            needed.add(above.id)
        needed.add(by_id[unit_id].agency_id)
    vanished = [unit for unit in units if unit.id not in needed and unit.valid_to is None]
    before = [_snapshot(unit) for unit in vanished]
    session.expunge_all()
    await queries.close_units(session, [unit.id for unit in vanished], today)
    await queries.record_versions(session, today=today, now=now, import_id=import_id)
    return before


async def restore(
    session: Session, before: Sequence[Mapping[str, Any]], *, today: date, now: datetime, import_id: UUID
) -> None:
    """Take an import's changes of units back; raises the database's own error when something refers to a new unit."""
    new = [UUID(unit["id"]) for unit in before if unit.get("new")]
    old = {unit["id"]: unit for unit in reversed(before) if not unit.get("new")}
    await queries.restore_units(session, list(old.values()))
    await queries.forget_units(session, new)
    await queries.record_versions(session, today=today, now=now, import_id=import_id)


def _row(tree: UnitTree, siasn_id: str, place: int, ids: Mapping[str, UUID], today: date) -> dict[str, Any]:
    unit = tree.units[siasn_id]
    agency = tree.agency_ids.get(siasn_id, siasn_id)
    return {
        "id": ids[siasn_id],
        "siasn_id": siasn_id,
        "name": unit.name,
        "parent_id": ids[unit.parent_id] if unit.parent_id else None,
        "agency_id": ids[agency],
        "is_agency": agency == siasn_id and siasn_id != tree.root_id,
        "echelon": unit.echelon or "",
        "head_title": unit.head_title or "",
        "position": place,
        "valid_from": today,
        "valid_to": None,
    }


def _differs(unit: Unit, row: Mapping[str, Any]) -> bool:
    return any(getattr(unit, name) != row[name] for name in queries.FOLLOWED)


def _snapshot(unit: Unit) -> dict[str, Any]:
    values = {name: getattr(unit, name) for name in ("id", *queries.FOLLOWED)}
    return {name: value if isinstance(value, bool | int | None) else str(value) for name, value in values.items()}


async def list_placeable(session: Session) -> list[tuple[str, str, str, str]]:
    """Return (SIASN id, name, agency's name, agency's SIASN id) of every unit people can be placed in."""
    return await queries.list_placeable(session)


async def has_units(session: Session) -> bool:
    """Whether there are any units."""
    return await queries.has_units(session)


async def names_by_siasn(session: Session, siasn_ids: Collection[str]) -> dict[str, str]:
    """Return the names of units by SIASN's id."""
    return await queries.names_by_siasn(session, siasn_ids)


async def get_unit_id(session: Session, siasn_id: str) -> UUID:
    """Return the id of the unit SIASN calls so; raises `NotFound`."""
    found = (await queries.ids_by_siasn(session, [siasn_id.strip().upper()])).get(siasn_id.strip().upper())
    if found is None:
        raise NotFound
    return found


async def get_open_unit(session: Session, unit_id: UUID) -> Unit:
    """Return a unit people can be placed in; raises `NotFound`."""
    found = await queries.find_unit(session, unit_id)
    if found is None or found.valid_to is not None:
        raise NotFound
    return found


async def require_visible_unit(session: Session, actor: Principal, unit_id: UUID) -> Unit:
    """Return a unit inside the caller's scope, also one that ended; raises `NotFound`."""
    actor.require(Permission.UNIT_READ)
    found = await queries.find_unit(session, unit_id)
    if found is None or (actor.scope.agencies is not None and found.agency_id not in actor.scope.agencies):
        raise NotFound
    return found


async def list_agencies(session: Session, actor: Principal) -> list[Unit]:
    """Return the agencies the caller may see."""
    actor.require(Permission.UNIT_READ)
    return await queries.list_agencies(session, actor.scope)


async def list_all_agencies(session: Session) -> list[Unit]:
    """Return every agency, for the operator of the service."""
    return await queries.list_agencies(session, Scope())


async def list_units(session: Session, actor: Principal, agency_id: UUID) -> list[Unit]:
    """Return an agency's units; an agency outside the caller's scope does not exist for them."""
    _require_agency(actor, agency_id)
    found = await queries.list_units(session, agency_id)
    if not found:
        raise NotFound
    return found


async def list_units_as_of(
    session: Session, actor: Principal, agency_id: UUID, as_of: date
) -> list[tuple[UnitVersion, Unit]]:
    """Return the units that belonged to an agency on a day, as they were called then."""
    _require_agency(actor, agency_id)
    found = await queries.list_units_as_of(session, agency_id, as_of)
    if not found:
        raise NotFound
    return found


def _require_agency(actor: Principal, agency_id: UUID) -> None:
    actor.require(Permission.UNIT_READ)
    if actor.scope.agencies is not None and agency_id not in actor.scope.agencies:
        raise NotFound


def _parents_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Order rows so that each parent stands before its children: the foreign key is checked row by row."""
    children: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        children.setdefault(row["parent_id"], []).append(row)
    ordered = list(children.get(None, []))
    for row in ordered:
        ordered.extend(children.get(row["id"], []))
    return ordered
