"""Agencies and units over the API."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from app.core.http import ActorDep, SessionDep
from app.opd import service

router = APIRouter(prefix="/opd", tags=["opd"])


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
async def list_units(agency_id: UUID, session: SessionDep, actor: ActorDep) -> list[UnitRead]:
    """List an agency's units, itself included."""
    found = await service.list_units(session, actor, agency_id)
    return [UnitRead.model_validate(u, from_attributes=True) for u in found]
