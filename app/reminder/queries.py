"""SQL of reminders: schedules, waves, and the sending of their messages.

Who is written to is in `audience/queries.py`, what people look at in `listing/queries.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, case, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.core.db import Session
from app.identity.models import Passkey, Pin
from app.pledge.models import PledgeRound
from app.reminder.delivery import Bounds, Outgoing, Settled
from app.reminder.journal import Claim, Progress
from app.reminder.models import (
    PERSON_KINDS,
    ReminderAddress,
    ReminderDelivery,
    ReminderPause,
    ReminderPlan,
    ReminderWave,
)
from app.reminder.statements import CLAIM

RUNNING = 0x50414B544152  # one process at a time sends reminders
_CLAIM = text(CLAIM).bindparams(
    bindparam("ids", type_=ARRAY(Uuid())),
    bindparam("before", type_=ARRAY(Uuid())),
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("day_start", type_=DateTime(timezone=True)),
)


async def try_run(session: Session) -> bool:
    """Take the turn of sending, for as long as the session's transaction lasts; a process that dies lets go of it."""
    return bool((await session.execute(select(func.pg_try_advisory_xact_lock(RUNNING)))).scalar_one())


async def list_open_rounds(session: Session) -> list[tuple[PledgeRound, ReminderPlan | None]]:
    """Return the rounds people may sign in, with the schedule somebody set."""
    statement = select(PledgeRound, ReminderPlan).outerjoin(ReminderPlan, ReminderPlan.round_id == PledgeRound.id)
    found = await session.execute(statement.where(PledgeRound.status == "open", PledgeRound.opened_at.is_not(None)))
    return [(pledge_round, plan) for pledge_round, plan in found]


async def find_plan(session: Session, round_id: UUID) -> ReminderPlan | None:
    """Return the schedule somebody set for a round."""
    return (await session.execute(select(ReminderPlan).where(ReminderPlan.round_id == round_id))).scalar_one_or_none()


async def keep_plan(session: Session, round_id: UUID, plan: dict[str, Any], by: UUID, at: datetime) -> None:
    """Set a round's schedule."""
    values = {"plan": plan, "updated_at": at, "updated_by": by}
    statement = upsert(ReminderPlan).values(round_id=round_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=[ReminderPlan.round_id], set_=values))


async def get_pause(session: Session) -> ReminderPause:
    """Return the one row that says whether everything is stopped."""
    return (await session.execute(select(ReminderPause))).scalar_one()


async def known_waves(session: Session, round_id: UUID) -> set[tuple[str, datetime]]:
    """Return (kind, planned time) of a round's waves."""
    statement = select(ReminderWave.kind, ReminderWave.planned_at).where(ReminderWave.round_id == round_id)
    return {(kind, at) for kind, at in await session.execute(statement)}


async def add_waves(session: Session, waves: Sequence[dict[str, Any]]) -> None:
    """Store waves; one that is there already stays as it is."""
    if waves:
        await session.execute(upsert(ReminderWave).values(list(waves)).on_conflict_do_nothing())


async def find_wave(session: Session, round_id: UUID, kind: str, planned_at: datetime) -> ReminderWave | None:
    """Return the wave of a round, a kind and a planned time."""
    statement = select(ReminderWave).where(
        ReminderWave.round_id == round_id, ReminderWave.kind == kind, ReminderWave.planned_at == planned_at
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def list_due(session: Session, now: datetime) -> list[ReminderWave]:
    """Return the waves that have something to do now: not begun, with messages that may leave, or at their end."""
    waiting = ReminderDelivery.state == "waiting"
    of_wave = ReminderDelivery.wave_id == ReminderWave.id
    ready = or_(ReminderDelivery.not_before.is_(None), ReminderDelivery.not_before <= now)
    statement = select(ReminderWave).where(
        ReminderWave.state.in_(("planned", "running")),
        ReminderWave.due_at <= now,
        or_(
            ReminderWave.state == "planned",
            select(ReminderDelivery.id).where(of_wave, waiting, ready).exists(),
            ~select(ReminderDelivery.id).where(of_wave, waiting).exists(),
        ),
    )
    return list((await session.execute(statement.order_by(ReminderWave.due_at, ReminderWave.id))).scalars())


async def lock_wave(session: Session, wave_id: UUID) -> ReminderWave | None:
    """Return a wave, locked."""
    statement = select(ReminderWave).where(ReminderWave.id == wave_id).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def share_wave(session: Session, wave_id: UUID) -> None:
    """Keep a wave from being changed: who stops it touches its messages one after the other, and so does who claims several."""
    await session.execute(select(ReminderWave.id).where(ReminderWave.id == wave_id).with_for_update(read=True))


async def list_waiting(session: Session, wave_id: UUID, after: UUID, now: datetime, limit: int) -> list[Outgoing]:
    """Return messages of a wave that may leave now, in the order of their list."""
    person = ReminderDelivery.employee_id
    account = or_(
        select(Passkey.credential_id).where(Passkey.employee_id == person).exists(),
        select(Pin.employee_id).where(Pin.employee_id == person).exists(),
    )
    statement = (
        select(
            ReminderDelivery.id,
            ReminderDelivery.kind,
            ReminderDelivery.channel,
            ReminderDelivery.address,
            ReminderDelivery.name,
            ReminderDelivery.employee_id,
            ReminderDelivery.agency_id,
            ReminderDelivery.attempts,
            case((ReminderDelivery.kind.in_(PERSON_KINDS), ~account), else_=False),
        )
        .where(
            ReminderDelivery.wave_id == wave_id,
            ReminderDelivery.state == "waiting",
            ReminderDelivery.id > after,
            or_(ReminderDelivery.not_before.is_(None), ReminderDelivery.not_before <= now),
        )
        .order_by(ReminderDelivery.id)
        .limit(limit)
    )
    return [Outgoing(*row) for row in await session.execute(statement)]


async def claim(
    session: Session, delivery_ids: Sequence[UUID], bounds: Bounds, now: datetime, sent: Sequence[Settled]
) -> dict[UUID, str]:
    """Mark messages of one wave as being sent, each if it may leave: returns an empty text for it then, else why not; those that wait no more are left out.

    `sent` are messages that were sent, written down with the same statement.
    """
    values = {
        "ids": list(delivery_ids),
        "now": now,
        "day_start": bounds.day_start,
        "most_per_round": bounds.most_per_round,
        "most_per_day": bounds.most_per_day,
        "before": [one.id for one in sent],
        "before_at": [one.at for one in sent],
        "before_gateway_id": [one.gateway_id for one in sent],
    }
    return {row.id: row.cause for row in await session.execute(_CLAIM, values)}


async def settle(session: Session, settled: Settled, hard_failures: int) -> None:
    """Write down what came of a message; one that is already known to be delivered or bounced stays so."""
    statement = (
        update(ReminderDelivery)
        .where(
            ReminderDelivery.id == settled.id,
            ReminderDelivery.state.in_(("sending", "unknown") if settled.state == "sent" else ("waiting", "sending")),
        )
        .values(
            state=settled.state,
            cause=settled.cause,
            detail=settled.detail,
            attempts=ReminderDelivery.attempts + (1 if settled.tried else 0),
            not_before=settled.not_before,
            settled_at=None if settled.state == "waiting" else settled.at,
            **({"claimed_at": None} if settled.state == "waiting" else {}),
            gateway_id=settled.gateway_id,
        )
        .returning(ReminderDelivery.channel, ReminderDelivery.address)
        .execution_options(synchronize_session=False)
    )
    done = (await session.execute(statement)).one_or_none()
    if done is not None and settled.hard:
        await note_hard_failure(session, done.channel, done.address, settled.detail, hard_failures, settled.at)


async def note_hard_failure(session: Session, channel: str, address: str, reason: str, most: int, at: datetime) -> None:
    """Count a refusal of an address; from `most` on it is unreachable."""
    statement = upsert(ReminderAddress).values(
        channel=channel,
        digest=_digest(address),
        hard_failures=1,
        reason=reason,
        unreachable_at=at if most <= 1 else None,
        updated_at=at,
    )
    failures = ReminderAddress.hard_failures + 1
    changes = {
        "hard_failures": failures,
        "reason": reason,
        "updated_at": at,
        "unreachable_at": case((failures >= most, func.coalesce(ReminderAddress.unreachable_at, at))),
    }
    where = [ReminderAddress.channel, ReminderAddress.digest]
    await session.execute(statement.on_conflict_do_update(index_elements=where, set_=changes))


async def settle_orphans(session: Session, left: Mapping[Claim, Progress], at: datetime) -> int:
    """Settle what was being sent when a process died, by what it left; only under the turn of sending. Returns how many are in doubt.

    What was certainly not given away waits again (or is skipped with its wave), what was taken is sent. Of the rest nobody knows: it is not
    sent again by itself.
    """
    for progress, values in (
        (Progress.LOADED, {**_again(), "claimed_at": None}),
        (Progress.TAKEN, {"state": "sent", "cause": "", "attempts": ReminderDelivery.attempts + 1, "settled_at": at}),
    ):
        claims = [claim for claim, reached in left.items() if reached is progress]
        if claims:
            of_them = tuple_(ReminderDelivery.id, ReminderDelivery.claimed_at).in_(claims)
            statement = update(ReminderDelivery).where(ReminderDelivery.state == "sending", of_them).values(values)
            await session.execute(statement.execution_options(synchronize_session=False))
    statement = (
        update(ReminderDelivery)
        .where(ReminderDelivery.state == "sending")
        .values(state="unknown", cause="interrupted", settled_at=at)
    )
    result: Any = await session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)


def _again() -> dict[str, Any]:
    cancelled = (
        select(ReminderWave.id)
        .where(ReminderWave.id == ReminderDelivery.wave_id, ReminderWave.state == "cancelled")
        .exists()
    )
    return {
        "state": case((cancelled, "skipped"), else_="waiting"),
        "cause": case((cancelled, "cancelled"), else_=""),
    }


async def skip_waiting(session: Session, wave_id: UUID, cause: str, at: datetime) -> None:
    """Send no more of a wave's messages."""
    await session.execute(
        update(ReminderDelivery)
        .where(ReminderDelivery.wave_id == wave_id, ReminderDelivery.state == "waiting")
        .values(state="skipped", cause=cause, settled_at=at, not_before=None)
        .execution_options(synchronize_session=False)
    )


async def has_waiting(session: Session, wave_id: UUID) -> bool:
    """Whether any of a wave's messages waits."""
    statement = select(ReminderDelivery.id).where(
        ReminderDelivery.wave_id == wave_id, ReminderDelivery.state.in_(("waiting", "sending"))
    )
    return (await session.execute(statement.limit(1))).first() is not None


def _digest(address: str) -> Any:
    return func.sha256(func.convert_to(func.lower(address), "UTF8"))
