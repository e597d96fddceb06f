"""Agencies and units over the API."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from app.core.http import ActorDep, SessionDep
from app.core.routing import Router
from app.opd import service

router = Router(prefix="/opd", tags=["opd"])


class AgencyRead(BaseModel):
    """An agency (OPD)."""

    id: UUID
    siasn_id: str
    name: str
    head_title: str


class UnitRead(BaseModel):
    """A unit of an agency."""

    id: UUID
    siasn_id: str
    name: str
    parent_id: UUID | None
    echelon: str
    head_title: str


@router.get("")
async def list_agencies(session: SessionDep, actor: ActorDep) -> list[AgencyRead]:
    """List agencies in the order of the unit file."""
    return [AgencyRead.model_validate(u, from_attributes=True) for u in await service.list_agencies(session, actor)]


@router.get("/{agency_id}/units")
async def list_units(
    agency_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    as_of: Annotated[date | None, Query(description="The units of that day, as is known today.")] = None,
) -> list[UnitRead]:
    """List an agency's units, itself included."""
    if as_of is None:
        found = await service.list_units(session, actor, agency_id)
        return [UnitRead.model_validate(u, from_attributes=True) for u in found]
    return [
        UnitRead(
            id=unit.id,
            siasn_id=unit.siasn_id,
            name=version.name,
            parent_id=version.parent_id,
            echelon=unit.echelon,
            head_title=version.head_title,
        )
        for version, unit in await service.list_units_as_of(session, actor, agency_id, as_of)
    ]
