"""Issue, print, list and revoke activation slips."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core.db import Session
from app.core.errors import NotFound
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.texts import text
from app.identity import service as identity
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.errors import SlipsNobody, SlipsTooMany
from app.identity.models import Activation
from app.identity.slips import file, queries, sheet
from app.identity.slips.code import SlipPress, new_slip_code
from app.identity.slips.queries import Receiver
from app.identity.slips.sheet import Card
from app.opd import service as opd
from app.pdf.moment import day_in_words

SlipState = Literal["live", "used", "revoked", "expired", "locked"]
MOST = 5000  # cards in one file: 625 sheets, some seconds of a core


@dataclass(frozen=True, slots=True)
class Wanted:
    """For whom slips are: one unit with those below it, one OPD, or named people."""

    unit_id: UUID | None = None
    agency_id: UUID | None = None
    employee_ids: Sequence[UUID] = ()


async def issue(session: Session, press: SlipPress, actor: Principal, wanted: Wanted, *, now: datetime) -> list[Card]:
    """Make a slip for each person; links and slips they had and did not use stop working, and each issue is written down.

    For a unit or OPD those who can sign in already are passed over. Named people get one whether they can or not: for them it is a
    recovery. Raises `NotFound` for anything outside the caller's scope, `SlipsNobody`, `SlipsTooMany`.
    """
    actor.require(Permission.ACTIVATION_ISSUE)
    receivers = await _receivers(session, actor, wanted)
    if not receivers:
        raise SlipsNobody
    if len(receivers) > MOST:
        raise SlipsTooMany(most=MOST)
    expires_at = now + identity.ACTIVATION_LIFE
    cards = [Card(r.employee_id, r.name, r.unit, r.agency, new_slip_code(), expires_at) for r in receivers]
    digests = [(card.employee_id, press.digest(card.code)) for card in cards]
    await identity.keep_activations(session, actor, "slip", digests, now=now)
    return cards


def printed(cards: Sequence[Card], press: SlipPress, *, now: datetime) -> bytes:
    """Return the PDF of slips: A4, eight cards a sheet, each unit on sheets of its own. Some 0.4 ms a card; not for the event loop."""
    local = cards[0].expires_at.astimezone(ZoneInfo(press.settings.timezone))
    until = day_in_words(local)
    return file.build(sheet.lay(cards, press, until), title=text("slip.title"), at=now)


async def list_slips(
    session: Session,
    actor: Principal,
    agency_id: UUID | None,
    unit_id: UUID | None,
    employee_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[tuple[Activation, str, str]]:
    """Return slips inside the caller's scope with the names of people and units, newest first."""
    actor.require(Permission.ACTIVATION_ISSUE)
    return await queries.list_slips(session, actor.scope, agency_id, unit_id, employee_id, after, limit)


async def revoke(session: Session, actor: Principal, slip_id: UUID, *, now: datetime) -> None:
    """Revoke a slip; one that was used or revoked stays as it is. Raises `NotFound` outside the caller's scope."""
    actor.require(Permission.ACTIVATION_ISSUE)
    found = await queries.find_slip(session, actor.scope, slip_id)
    if found is None:
        raise NotFound
    if found.used_at is None and found.revoked_at is None:
        found.revoked_at = now
        access.record(session, AccessKind.ACTIVATION_REVOKED, actor, now=now, subject_id=found.employee_id)


async def revoke_of(session: Session, actor: Principal, employee_id: UUID, *, now: datetime) -> None:
    """Revoke whatever slip or link a person has and did not use. Raises `NotFound` outside the caller's scope."""
    actor.require(Permission.ACTIVATION_ISSUE)
    if not await queries.list_named(session, actor.scope, [employee_id]):
        raise NotFound
    if await queries.revoke_of(session, employee_id, now):
        access.record(session, AccessKind.ACTIVATION_REVOKED, actor, now=now, subject_id=employee_id)


def state_of(slip: Activation, now: datetime) -> SlipState:
    """What a slip is worth: used, revoked, expired, locked (five wrong birth dates), or live."""
    if slip.used_at is not None:
        return "used"
    if slip.revoked_at is not None:
        return "revoked"
    if slip.expires_at < now:
        return "expired"
    return "live" if slip.tries_left > 0 else "locked"


async def _receivers(session: Session, actor: Principal, wanted: Wanted) -> list[Receiver]:
    if wanted.employee_ids:
        ids = set(wanted.employee_ids)
        found = await queries.list_named(session, actor.scope, list(ids))
        if len(found) != len(ids):
            raise NotFound
        return found
    unit_id = wanted.unit_id or wanted.agency_id
    if unit_id is None:
        raise SlipsNobody
    unit = await opd.require_visible_unit(session, actor, unit_id)
    if wanted.agency_id is not None and not unit.is_agency:
        raise NotFound
    return await queries.list_without_way(session, actor.scope, unit_id, MOST + 1)
