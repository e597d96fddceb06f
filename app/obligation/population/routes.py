"""The population of a round over the API."""

from uuid import UUID

from app.core.http import ActorDep, SessionDep
from app.core.routing import Router
from app.obligation.population import service
from app.obligation.population.schemas import PopulationRead

router = Router(tags=["obligations"])


@router.get("/rounds/{round_id}/population")
async def read_population(round_id: UUID, session: SessionDep, actor: ActorDep) -> PopulationRead:
    """Whom the round's rule chooses, by agency and reason: before it opens a preview, afterwards what was frozen."""
    return await service.read(session, actor, round_id)
