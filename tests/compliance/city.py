"""A small city whose history is made up as it goes: its database, its clock, and what was done there."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.core.blobs import LocalBlobStore
from app.core.db import Database, Session
from app.core.errors import AppError
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.transparency.record import LogIdentity
from tests.compliance.register import OPENED

ASKER, DECIDER = (Principal(UUID(int=n), Role.BKPSDM_ADMIN, Scope()) for n in (1, 2))


@dataclass
class City:
    """The database, the clock, and what the acts need to find their way; `signed` is what no act but a void may take back."""

    database: Database
    owner_url: str
    log: LogIdentity
    blobs: LocalBlobStore
    now: datetime = OPENED
    people: dict[int, UUID] = field(default_factory=dict)
    rounds: list[UUID] = field(default_factory=list)
    imports: list[UUID] = field(default_factory=list)
    signed: dict[UUID, tuple[UUID, UUID, UUID]] = field(default_factory=dict)  # document: round, person, obligation
    done: list[str] = field(default_factory=list)

    async def execute(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.transaction() as session:
            found = await session.execute(text(statement), values)
            return list(found) if found.returns_rows else []

    async def act(self, doing: "Act", number: int) -> None:
        """Do one thing; what the service refuses is as good as not done."""
        self.now += timedelta(seconds=1 + number % 600)
        try:
            async with self.database.transaction() as session:
                await doing(self, session, random.Random(number))
            self.done.append(doing.__name__)
        except AppError as refusal:
            self.done.append(f"{doing.__name__}: {refusal.code}")

    @property
    def today(self) -> Any:
        return self.now.date()


Act = Callable[[City, Session, random.Random], Awaitable[None]]
