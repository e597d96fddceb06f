"""SQL of access events. Ids are UUIDv7, so the order of ids is the order of time."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, union_all

from app.asn.models import Employee
from app.core.db import Session
from app.core.prepared import Insertion
from app.identity.access.filters import Filters
from app.identity.accounts.models import Account
from app.identity.models import AccessEvent, ApiToken

_EVENT = Insertion(AccessEvent)


async def insert_event(session: Session, event: AccessEvent) -> None:
    """Write one event at once."""
    await _EVENT.write(session, event)


async def insert_events(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write many events."""
    await session.execute(insert(AccessEvent), rows)


async def list_events(session: Session, filters: Filters, after: UUID | None, limit: int) -> list[AccessEvent]:
    """Return events, newest first."""
    statement = select(AccessEvent).order_by(AccessEvent.id.desc()).limit(limit)
    for column, value in (
        (AccessEvent.kind, filters.kind),
        (AccessEvent.actor_id, filters.actor_id),
        (AccessEvent.subject_id, filters.subject_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if filters.since is not None:
        statement = statement.where(AccessEvent.at >= filters.since)
    if filters.until is not None:
        statement = statement.where(AccessEvent.at < filters.until)
    if after is not None:
        statement = statement.where(AccessEvent.id < after)
    return list((await session.execute(statement)).scalars())


async def count_about(session: Session, employee_id: UUID, kind: str, since: datetime) -> int:
    """Count the events of a kind about a person after an instant."""
    statement = select(func.count()).where(
        AccessEvent.subject_id == employee_id, AccessEvent.kind == kind, AccessEvent.at > since
    )
    return (await session.execute(statement)).scalar_one()


async def list_about(session: Session, employee_id: UUID, after: UUID | None, limit: int) -> list[AccessEvent]:
    """Return events about a person, newest first."""
    statement = select(AccessEvent).where(AccessEvent.subject_id == employee_id)
    if after is not None:
        statement = statement.where(AccessEvent.id < after)
    return list((await session.execute(statement.order_by(AccessEvent.id.desc()).limit(limit))).scalars())


async def names_of(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of accounts, tokens and people by id."""
    kinds = (Account, ApiToken, Employee)
    named = union_all(*(select(kind.id, kind.name).where(kind.id.in_(ids)) for kind in kinds))
    return {found: str(name) for found, name in await session.execute(named)}
