"""Finished documents over the API."""

from uuid import UUID

from app.compliance.documents import service
from app.compliance.documents.schemas import DocumentsRead
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep
from app.core.routing import Router

router = Router(prefix="/rounds", tags=["compliance"])


@router.get("/{round_id}/compliance/documents")
async def read_documents(
    round_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep, settings: SettingsDep
) -> DocumentsRead:
    """How many documents of each agency are countersigned and sealed, and whether its head has signed."""
    return await service.read(session, actor, round_id, now=clock.now(), settings=settings.service)
