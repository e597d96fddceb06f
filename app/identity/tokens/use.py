"""When tokens were last used: written at most once a minute for each token, whatever the number of requests."""

from datetime import datetime, timedelta
from uuid import UUID

from app.core.db import Session
from app.identity.tokens import queries

PAUSE = timedelta(minutes=1)


class TokenUses:
    """What this process has written lately; other processes' writings are seen by the statement itself."""

    def __init__(self) -> None:
        self._written: dict[UUID, datetime] = {}

    async def note(self, session: Session, token_id: UUID, now: datetime) -> None:
        """Write the use down unless that was done within a minute. A request that is refused takes its use back with it."""
        written = self._written.get(token_id)
        if written is not None and now - written < PAUSE:
            return
        self._written[token_id] = now
        await queries.write_use(session, token_id, now, now - PAUSE)
