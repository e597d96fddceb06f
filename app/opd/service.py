"""The unit tree: take in a unit file, list agencies and units."""

from datetime import date
from uuid import UUID

from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal, Scope
from app.opd import queries
from app.opd.models import Unit
from app.opd.tree import UnitDirectory, UnitTree


async def apply_tree(session: Session, tree: UnitTree, *, today: date) -> None:
    """Store a tree of units; known units (by SIASN id) keep their own id, so everything that names them stays true."""
    ids = await queries.ids_by_siasn(session)
    for siasn_id in tree.units:
        ids.setdefault(siasn_id, new_id())
    rows = []
    for place, (siasn_id, unit) in enumerate(tree.units.items()):
        agency = tree.agency_ids.get(siasn_id, siasn_id)
        rows.append(
            {
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
            }
        )
    await queries.upsert_units(session, _parents_first(rows))


async def directory(session: Session) -> UnitDirectory:
    """Return the directory by which rows of a roster find their unit."""
    return UnitDirectory(await queries.list_placeable(session))


async def ids_by_siasn(session: Session) -> dict[str, UUID]:
    """Return the id of every unit by its SIASN id."""
    return await queries.ids_by_siasn(session)


async def list_agencies(session: Session, actor: Principal) -> list[Unit]:
    """Return the agencies the caller may see."""
    actor.require(Permission.UNIT_READ)
    return await queries.list_agencies(session, actor.scope)


async def list_all_agencies(session: Session) -> list[Unit]:
    """Return every agency, for the operator of the service."""
    return await queries.list_agencies(session, Scope())


async def list_units(session: Session, actor: Principal, agency_id: UUID) -> list[Unit]:
    """Return an agency's units; an agency outside the caller's scope does not exist for them."""
    actor.require(Permission.UNIT_READ)
    if actor.scope.agencies is not None and agency_id not in actor.scope.agencies:
        raise NotFound
    found = await queries.list_units(session, agency_id)
    if not found:
        raise NotFound
    return found


def _parents_first(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Order rows so that each parent stands before its children: the foreign key is checked row by row."""
    children: dict[object, list[dict[str, object]]] = {}
    for row in rows:
        children.setdefault(row["parent_id"], []).append(row)
    ordered = list(children.get(None, []))
    for row in ordered:
        ordered.extend(children.get(row["id"], []))
    return ordered
