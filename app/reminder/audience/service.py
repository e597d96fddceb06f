"""Write the list of a wave: everybody once, in batches, each batch and how far it came in one transaction."""

from collections.abc import Sequence
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core.db import Session
from app.reminder.audience import queries
from app.reminder.delivery import Bounds, Candidate, Official, Place
from app.reminder.models import PERSON_KINDS, ReminderWave
from app.reminder.plan import Plan

BATCH = 2_000


def local_day(at: datetime, zone: str) -> date:
    """Return the day it is at the institution."""
    return at.astimezone(ZoneInfo(zone)).date()


def bounds(plan: Plan, at: datetime, zone: str) -> Bounds:
    """Return the caps as they hold on the local day of an instant."""
    day_start = datetime.combine(local_day(at, zone), time(0), ZoneInfo(zone))
    return Bounds(plan.most_per_round, plan.most_per_day, day_start)


async def officials(session: Session, round_id: UUID, kind: str, *, today: date) -> list[Official]:
    """Return who is told figures by an escalation or a recap: heads, and whoever was named beside them; by agency and name."""
    found = list(await queries.list_heads(session, round_id, today))
    names = {one.agency_id: one.agency for one in found}
    for one in await queries.list_recipients(session):
        if getattr(one, kind):
            agency = names.get(one.agency_id, "") if one.agency_id else ""
            found.append(Official(one.agency_id, agency, one.name, one.email, None))
    once = {one.recipient: one for one in reversed(found)}
    return sorted(once.values(), key=lambda one: (str(one.agency_id or ""), one.name, one.email))


async def fill(
    session: Session, wave: ReminderWave, plan: Plan, channels: Sequence[str], *, zone: str, now: datetime
) -> None:
    """Write the next batch of a wave's list (the wave is locked); the last one takes the wave to `running`."""
    if wave.kind in PERSON_KINDS:
        after = _place(wave)
        limits = bounds(plan, now, zone)
        found = await queries.list_candidates(session, wave.round_id, None, channels, limits, after=after, limit=BATCH)
        await queries.write_list(session, wave, found, now)
        if len(found) == BATCH:
            wave.place = _told(found[-1])
            return
    else:
        listed = await officials(session, wave.round_id, wave.kind, today=local_day(now, zone))
        await queries.write_officials(session, wave, listed)
    wave.state, wave.started_at, wave.place = "running", now, None


def _place(wave: ReminderWave) -> Place:
    if wave.place is None:
        return Place()
    agency, name, person = wave.place
    return Place(UUID(agency), name, UUID(person))


def _told(last: Candidate) -> list[str]:
    return [str(last.place.agency_id), last.place.name, str(last.place.employee_id)]
