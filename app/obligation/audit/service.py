"""Look for contradictions."""

from app.core.db import Session
from app.obligation.audit import queries


async def contradictions(session: Session) -> dict[str, int]:
    """Return how many rows contradict each other, by respect (pledges, exemptions, reasons, roster, changes); empty when all agrees."""
    found = {name: await queries.count_contradictions(session, name) for name in queries.CONTRADICTIONS}
    return {name: count for name, count in found.items() if count}
