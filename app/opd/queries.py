"""SQL of the unit tree."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, DateTime, Uuid, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.core.db import Session
from app.core.principal import Scope
from app.opd.models import Unit, UnitVersion

FOLLOWED = (
    "name",
    "parent_id",
    "agency_id",
    "is_agency",
    "echelon",
    "head_title",
    "position",
    "valid_to",
)
"""What a unit file says about a unit."""

# One statement for every way units change: whatever is not as its newest version says gets another one from that day on.
_RECORD_VERSIONS = """
WITH changed AS (
  SELECT u.*, v.id AS version, v.valid_from AS since FROM unit u
  LEFT JOIN unit_version v ON v.unit_id = u.id AND v.superseded_at IS NULL AND v.valid_to IS NOT DISTINCT FROM
    (SELECT CASE WHEN bool_or(w.valid_to IS NULL) THEN NULL ELSE max(w.valid_to) END FROM unit_version w
     WHERE w.unit_id = u.id AND w.superseded_at IS NULL)
  WHERE v.id IS NULL OR (v.name, v.parent_id, v.agency_id, v.is_agency, v.head_title, v.valid_to)
    IS DISTINCT FROM (u.name, u.parent_id, u.agency_id, u.is_agency, u.head_title, u.valid_to)
), old AS (
  UPDATE unit_version v SET superseded_at = :now, superseded_by = :import_id FROM changed c WHERE v.id = c.version RETURNING v.*
), closed AS (
  INSERT INTO unit_version (unit_id, valid_from, valid_to, recorded_at, import_id, name, parent_id, agency_id, is_agency, head_title)
  SELECT unit_id, valid_from, least(coalesce(valid_to, :today), :today), :now, :import_id, name, parent_id, agency_id, is_agency, head_title
  FROM old WHERE valid_from < :today
)
INSERT INTO unit_version (unit_id, valid_from, recorded_at, import_id, name, parent_id, agency_id, is_agency, head_title)
SELECT c.id, CASE WHEN c.version IS NULL THEN c.valid_from ELSE greatest(c.since, :today) END, :now, :import_id, c.name, c.parent_id,
  c.agency_id, c.is_agency, c.head_title
FROM changed c WHERE c.valid_to IS NULL
"""


async def upsert_units(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Insert units, or bring known ones (by SIASN id) up to date; their own ids stay."""
    statement = insert(Unit)
    changed = {name: statement.excluded[name] for name in FOLLOWED}
    await session.execute(statement.on_conflict_do_update(index_elements=[Unit.siasn_id], set_=changed), rows)


async def record_versions(session: Session, *, today: date, now: datetime, import_id: UUID | None) -> None:
    """Write down what changed about units, from a day on."""
    values = {"today": today, "now": now, "import_id": import_id}
    types = (
        bindparam("today", type_=Date()),
        bindparam("import_id", type_=Uuid()),
        bindparam("now", type_=DateTime(timezone=True)),
    )
    await session.execute(text(_RECORD_VERSIONS).bindparams(*types), values)


async def list_all(session: Session) -> list[Unit]:
    """Return every unit, closed ones too."""
    return list((await session.execute(select(Unit))).scalars())


async def close_units(session: Session, ids: Sequence[UUID], today: date) -> None:
    """Close units: from this day on they are no more."""
    await session.execute(update(Unit).where(Unit.id.in_(ids)).values(valid_to=today))


async def restore_units(session: Session, before: Sequence[Mapping[str, Any]]) -> None:
    """Give units the values of a snapshot."""
    for unit in before:
        values = {
            **{name: unit[name] for name in FOLLOWED if name not in {"parent_id", "agency_id", "valid_to"}},
            "parent_id": UUID(unit["parent_id"]) if unit["parent_id"] else None,
            "agency_id": UUID(unit["agency_id"]),
            "valid_to": date.fromisoformat(unit["valid_to"]) if unit["valid_to"] else None,
        }
        await session.execute(update(Unit).where(Unit.id == UUID(unit["id"])).values(values))


async def forget_units(session: Session, ids: Sequence[UUID]) -> None:
    """Delete units that an undone import brought, children and parents at once."""
    await session.execute(delete(UnitVersion).where(UnitVersion.unit_id.in_(ids)))
    await session.execute(delete(Unit).where(Unit.id.in_(ids)))


async def has_units(session: Session) -> bool:
    """Whether there are any units."""
    return (await session.execute(select(Unit.id).limit(1))).first() is not None


async def names_by_siasn(session: Session, siasn_ids: Collection[str]) -> dict[str, str]:
    """Return the names of units by SIASN's id."""
    rows = await session.execute(select(Unit.siasn_id, Unit.name).where(Unit.siasn_id.in_(siasn_ids)))
    return {row.siasn_id: row.name for row in rows}


async def ids_by_siasn(session: Session, siasn_ids: Collection[str]) -> dict[str, UUID]:
    """Return the ids of units by SIASN's id."""
    rows = await session.execute(select(Unit.siasn_id, Unit.id).where(Unit.siasn_id.in_(siasn_ids)))
    return {row.siasn_id: row.id for row in rows}


async def find_unit(session: Session, unit_id: UUID) -> Unit | None:
    """Return a unit."""
    return (await session.execute(select(Unit).where(Unit.id == unit_id))).scalar_one_or_none()


async def list_placeable(session: Session) -> list[tuple[str, str, str, str]]:
    """Return (SIASN id, name, agency's name, agency's SIASN id) of every unit people can be placed in: all but the root."""
    agency = aliased(Unit)
    statement = (
        select(Unit.siasn_id, Unit.name, agency.name, agency.siasn_id)
        .join(agency, agency.id == Unit.agency_id)
        .where(agency.is_agency, Unit.valid_to.is_(None))
        .order_by(Unit.siasn_id)
    )
    return [(unit, name, agency_name, of) for unit, name, agency_name, of in await session.execute(statement)]


async def list_agencies(session: Session, scope: Scope) -> list[Unit]:
    """Return the agencies inside the caller's scope in the order of the unit file."""
    statement = select(Unit).where(Unit.is_agency, Unit.valid_to.is_(None)).order_by(Unit.position)
    if scope.agencies is not None:
        statement = statement.where(Unit.id.in_(scope.agencies))
    return list((await session.execute(statement)).scalars())


async def list_units(session: Session, agency_id: UUID) -> list[Unit]:
    """Return an agency's units in the order of the unit file."""
    statement = select(Unit).where(Unit.agency_id == agency_id, Unit.valid_to.is_(None)).order_by(Unit.position)
    return list((await session.execute(statement)).scalars())


async def list_units_as_of(session: Session, agency_id: UUID, as_of: date) -> list[tuple[UnitVersion, Unit]]:
    """Return the units of an agency on a day, as is known today, in the order of the unit file."""
    statement = (
        select(UnitVersion, Unit)
        .join(Unit, Unit.id == UnitVersion.unit_id)
        .where(
            UnitVersion.agency_id == agency_id,
            UnitVersion.superseded_at.is_(None),
            UnitVersion.valid_from <= as_of,
            (UnitVersion.valid_to.is_(None)) | (UnitVersion.valid_to > as_of),
        )
        .order_by(Unit.position)
    )
    return [(version, unit) for version, unit in await session.execute(statement)]
