"""The figures of a round."""

from datetime import datetime
from uuid import UUID

from app.compliance import queries
from app.compliance.schemas import ComplianceRead, Figures, Group
from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.pledge import service as pledge


def figures(counts: dict[str, int]) -> dict[str, int | float]:
    """Return counts by state with the sums that follow from them."""
    required = counts["signed"] + counts["pending"]
    total = required + counts["deferred"] + counts["exempt"] + counts["left"]
    percent = round(100 * counts["signed"] / required, 2) if required else 100.0
    return {**counts, "required": required, "total": total, "percent": percent}


async def compliance(
    session: Session, actor: Principal, round_id: UUID, by: str, *, agency_id: UUID | None = None, now: datetime
) -> ComplianceRead:
    """Return who has signed and who has not, by a dimension, inside the caller's scope."""
    actor.require(Permission.COMPLIANCE_READ)
    await pledge.get_round(session, round_id)
    groups = await queries.count_groups(session, round_id, by, actor.scope, agency_id)
    total = await queries.count_total(session, round_id, actor.scope, agency_id)
    return ComplianceRead(
        round_id=round_id,
        by=by,
        as_of=None,
        computed_at=now,
        total=Figures.model_validate(figures(total)),
        groups=[
            Group.model_validate({**figures(g.counts), "id": g.id, "name": g.name, "last_signed_at": g.last_signed_at})
            for g in groups
        ],
    )
