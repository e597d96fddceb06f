"""SQL of who is written to."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from app.core.db import Session, insert_rows
from app.core.ids import new_id
from app.reminder.delivery import Bounds, Candidate, Official, Place
from app.reminder.models import ReminderRecipient, ReminderWave
from app.reminder.statements import CANDIDATES, CANDIDATES_OF_AGENCIES, HEADS

_DELIVERY = (
    *("id", "wave_id", "round_id", "kind", "recipient", "employee_id", "agency_id"),
    *("name", "channel", "address", "state", "cause", "detail", "attempts"),
)


async def list_candidates(
    session: Session,
    round_id: UUID,
    agencies: Collection[UUID] | None,
    channels: Sequence[str],
    bounds: Bounds,
    *,
    after: Place,
    limit: int,
    unreached: bool = False,
) -> list[Candidate]:
    """Return people who have not signed, by agency and name, with what would become of a message to each."""
    values = {
        "round": round_id,
        "channels": list(channels),
        "most_per_round": bounds.most_per_round,
        "most_per_day": bounds.most_per_day,
        "day_start": bounds.day_start,
        "after_agency": after.agency_id,
        "after_name": after.name,
        "after_id": after.employee_id,
        "unreached": unreached,
        "limit": limit,
    }
    statement = text(CANDIDATES)
    if agencies is not None:
        statement, values = text(CANDIDATES_OF_AGENCIES), values | {"agencies": list(agencies)}
    return [_candidate(row) for row in await session.execute(statement, values)]


def _candidate(row: Any) -> Candidate:
    return Candidate(
        place=Place(row.agency_id, row.sorted_name, row.employee_id),
        unit_id=row.unit_id,
        unit=row.unit,
        position=row.position,
        name=row.name,
        nip=row.nip,
        channel=row.channel or "",
        address=row.address or "",
        recorded=row.recorded,
        without_account=row.without_account,
        cause=row.cause,
    )


async def list_heads(session: Session, round_id: UUID, today: date) -> list[Official]:
    """Return who leads each agency of a round, where an office mail address is known."""
    found = await session.execute(text(HEADS), {"round": round_id, "today": today})
    return [Official(row.agency_id, row.agency, row.name, row.email.strip(), row.employee_id) for row in found]


async def list_recipients(session: Session) -> list[ReminderRecipient]:
    """Return everybody beside the heads who is told figures."""
    return list((await session.execute(select(ReminderRecipient).order_by(ReminderRecipient.id))).scalars())


async def write_list(session: Session, wave: ReminderWave, candidates: Sequence[Candidate], now: datetime) -> None:
    """Write people down as recipients of a wave, also those no message leaves for, with the reason."""
    rows = (
        (
            *(new_id(), wave.id, wave.round_id, wave.kind, str(one.place.employee_id), one.place.employee_id),
            *(
                one.place.agency_id,
                one.name,
                one.channel,
                one.address,
                "skipped" if one.cause else "waiting",
                one.cause,
            ),
            *("", 0, now if one.cause else None),
        )
        for one in candidates
    )
    await insert_rows(session, "reminder_delivery", [*_DELIVERY, "settled_at"], rows)


async def write_officials(session: Session, wave: ReminderWave, officials: Sequence[Official]) -> None:
    """Write officials down as recipients of a wave; the same address for the same agency once."""
    once = {one.recipient: one for one in officials}
    rows = (
        (
            *(new_id(), wave.id, wave.round_id, wave.kind, one.recipient, one.employee_id, one.agency_id, one.name),
            *("mail", one.email, "waiting", "", "", 0),
        )
        for one in once.values()
    )
    await insert_rows(session, "reminder_delivery", _DELIVERY, rows)
