"""SQL of waves and deliveries as people look at them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from app.core.db import Session
from app.core.principal import Scope
from app.opd.models import Unit
from app.reminder.models import ReminderDelivery, ReminderWave

_BATCH = 10_000


async def list_waves(session: Session, round_id: UUID, limit: int, before: UUID | None) -> list[ReminderWave]:
    """Return a round's waves, newest first."""
    statement = select(ReminderWave).where(ReminderWave.round_id == round_id)
    if before is not None:
        statement = statement.where(ReminderWave.id < before)
    return list((await session.execute(statement.order_by(ReminderWave.id.desc()).limit(limit))).scalars())


async def find_wave(session: Session, wave_id: UUID) -> ReminderWave | None:
    """Return a wave."""
    return (await session.execute(select(ReminderWave).where(ReminderWave.id == wave_id))).scalar_one_or_none()


async def count_by_state(session: Session, wave_ids: Sequence[UUID], scope: Scope) -> dict[UUID, dict[str, int]]:
    """Return how many messages of waves stand where, inside the caller's scope."""
    statement = select(ReminderDelivery.wave_id, ReminderDelivery.state, func.count()).where(
        ReminderDelivery.wave_id.in_(wave_ids)
    )
    if scope.agencies is not None:
        statement = statement.where(ReminderDelivery.agency_id.in_(scope.agencies))
    found: dict[UUID, dict[str, int]] = {wave_id: {} for wave_id in wave_ids}
    grouped = statement.group_by(ReminderDelivery.wave_id, ReminderDelivery.state)
    for wave_id, state, count in await session.execute(grouped):
        found[wave_id][state] = count
    return found


async def list_deliveries(
    session: Session, wave_id: UUID, scope: Scope, *, state: str | None, after: UUID | None, limit: int
) -> list[ReminderDelivery]:
    """Return the messages of a wave inside the caller's scope, in the order of its list."""
    statement = select(ReminderDelivery).where(ReminderDelivery.wave_id == wave_id)
    if scope.agencies is not None:
        statement = statement.where(ReminderDelivery.agency_id.in_(scope.agencies))
    if state is not None:
        statement = statement.where(ReminderDelivery.state == state)
    if after is not None:
        statement = statement.where(ReminderDelivery.id > after)
    return list((await session.execute(statement.order_by(ReminderDelivery.id).limit(limit))).scalars())


async def wave_of(session: Session, delivery_id: UUID) -> UUID | None:
    """Return the wave a message belongs to."""
    statement = select(ReminderDelivery.wave_id).where(ReminderDelivery.id == delivery_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_delivery(session: Session, delivery_id: UUID) -> ReminderDelivery | None:
    """Return a message, locked."""
    statement = select(ReminderDelivery).where(ReminderDelivery.id == delivery_id)
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


async def lock_by_gateway_id(session: Session, channel: str, gateway_id: str) -> ReminderDelivery | None:
    """Return the message a gateway calls so, locked."""
    statement = select(ReminderDelivery).where(
        ReminderDelivery.channel == channel, ReminderDelivery.gateway_id == gateway_id
    )
    return (await session.execute(statement.with_for_update().limit(1))).scalar_one_or_none()


async def names_of(session: Session, agency_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of agencies."""
    found = await session.execute(select(Unit).where(Unit.id.in_(agency_ids)))
    return {unit.id: unit.name for unit in found.scalars()}


async def forget_addresses(session: Session, before: datetime) -> None:
    """Empty the addresses of messages settled before an instant, some at a time."""
    old = (
        select(ReminderDelivery.id)
        .where(ReminderDelivery.settled_at < before, ReminderDelivery.address != "")
        .limit(_BATCH)
    )
    await session.execute(
        update(ReminderDelivery)
        .where(ReminderDelivery.id.in_(old))
        .values(address="")
        .execution_options(synchronize_session=False)
    )
