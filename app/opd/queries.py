"""SQL of the unit tree."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.core.db import Session
from app.core.principal import Scope
from app.opd.models import Unit


async def upsert_units(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Insert units, or bring known ones (by SIASN id) up to date; their own ids stay."""
    statement = insert(Unit)
    changed = {
        name: statement.excluded[name]
        for name in ("name", "parent_id", "agency_id", "is_agency", "echelon", "head_title", "position")
    }
    await session.execute(statement.on_conflict_do_update(index_elements=[Unit.siasn_id], set_=changed), rows)


async def ids_by_siasn(session: Session) -> dict[str, UUID]:
    """Return the id of every unit by its SIASN id."""
    rows = await session.execute(select(Unit.siasn_id, Unit.id))
    return {row.siasn_id: row.id for row in rows}


async def list_placeable(session: Session) -> list[tuple[str, str, str]]:
    """Return (SIASN id, name, agency's name) of every unit people can be placed in: all but the root."""
    agency = aliased(Unit)
    statement = (
        select(Unit.siasn_id, Unit.name, agency.name)
        .join(agency, agency.id == Unit.agency_id)
        .where(agency.is_agency, Unit.valid_to.is_(None))
    )
    return [(siasn_id, name, agency_name) for siasn_id, name, agency_name in await session.execute(statement)]


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
