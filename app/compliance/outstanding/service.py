"""Who has not signed, for callers who may see names."""

from typing import Any
from uuid import UUID

from app.asn import service as asn
from app.compliance.outstanding import queries
from app.compliance.outstanding.schemas import OutstandingRead
from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.pledge import service as pledge


async def list_outstanding(
    session: Session, actor: Principal, round_id: UUID, limit: int, **filters: Any
) -> list[OutstandingRead]:
    """Return people inside the caller's scope by agency and name, with their ways to sign; NIPs as the caller may see them."""
    actor.require(Permission.OBLIGATION_READ)
    await pledge.get_round(session, round_id)
    return [
        OutstandingRead(
            employee_id=row.employee_id,
            name=row.name,
            nip=asn.shown_nip(actor, row.nip),
            agency_id=row.agency_id,
            unit_id=row.unit_id,
            employment=row.employment,
            position=row.printed.get("position", ""),
            unit=row.printed.get("unit", ""),
            reachable=row.passkey or row.pin,
            ways=[way for way in ("passkey", "pin") if getattr(row, way)],
            channels=[channel for channel in ("email", "phone") if getattr(row, channel)],
        )
        for row in await queries.list_outstanding(session, round_id, actor.scope, limit=limit, **filters)
    ]
