"""The figures of a round, now and at any past instant."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.compliance import counting, queries
from app.compliance.discretion import small_groups, smallest_for
from app.compliance.errors import GroupTooSmall, InstantUnknown
from app.compliance.figure import Row
from app.compliance.forecast import Forecast, forecast
from app.compliance.schemas import ComplianceRead, TrendPoint, TrendRead
from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.texts import text
from app.obligation.models import STATES
from app.pledge import service as pledge
from app.pledge.models import PledgeRound


@dataclass(frozen=True, slots=True)
class Asked:
    """Figures somebody may have: whose, of what, and the tag that names the answer as it is now."""

    actor: Principal
    round_id: UUID
    status: str
    by: str
    agency_id: UUID | None
    as_of: datetime | None
    tag: str


def figures(counts: dict[str, int]) -> dict[str, int | float]:
    """Return counts by state with the sums that follow from them."""
    required = counts["signed"] + counts["pending"]
    total = required + counts["deferred"] + counts["exempt"] + counts["left"]
    states = {state: counts[state] for state in ("signed", "pending", "deferred", "exempt", "left")}
    return {"total": total, "required": required, **states, "percent": _percent(counts["signed"], required)}


def _group(row: Row) -> dict[str, Any]:
    """The same of a group, which may be one of thousands: in one go, and named."""
    key, name, pending, signed, deferred, exempt, left, last = row
    required = signed + pending
    return {
        "total": required + deferred + exempt + left,
        "required": required,
        "signed": signed,
        "pending": pending,
        "deferred": deferred,
        "exempt": exempt,
        "left": left,
        "percent": _percent(signed, required),
        "id": key,
        "name": name,
        "last_signed_at": last,
    }


def _percent(signed: int, required: int) -> float:
    return round(100 * signed / required, 2) if required else 100.0


async def require_figures(session: Session, actor: Principal, round_id: UUID) -> PledgeRound:
    """Return a round to a caller who may see its figures; raises `NotFound` for one that is not there."""
    actor.require(Permission.COMPLIANCE_READ)
    return await pledge.get_round(session, round_id)


async def ask(
    session: Session,
    actor: Principal,
    round_id: UUID,
    by: str,
    *,
    agency_id: UUID | None = None,
    as_of: datetime | None = None,
    now: datetime,
) -> Asked:
    """Return what is asked for with its tag, at the price of a few rows whatever the size of the round.

    Raises `NotFound`, and `InstantUnknown` for an `as_of` before the round opened or after `now`.
    """
    actor.require(Permission.COMPLIANCE_READ)
    standing = await counting.bring_up(session, round_id, now=now, close=as_of)
    if as_of is not None:
        first = await queries.first_checkpoint(session, round_id)
        if first is None or not first <= as_of <= now:
            raise InstantUnknown(first=first, last=now)
    asked = Asked(actor, round_id, standing.status, by, agency_id, as_of, "")
    return replace(asked, tag=_tag(asked, (standing.visible, standing.tree)))


async def answer(session: Session, asked: Asked, *, now: datetime, smallest: int = 1) -> ComplianceRead:
    """Return the figures without the tag that names them."""
    told, _ = await tagged_answer(session, asked, now=now, smallest=smallest)
    return ComplianceRead.model_validate(told)


async def tagged_answer(
    session: Session, asked: Asked, *, now: datetime, smallest: int = 1
) -> tuple[dict[str, Any], str]:
    """Return a `ComplianceRead` as plain values, ready to be sent: who has signed and who has not, by a dimension, inside the caller's scope; and the tag of just these figures.

    Somebody may have signed since it was asked for: what is told then is newer than the tag of the question. Of a past instant `last_signed_at` is not told: the past is what the register knew then, and keeps counts only. For callers
    who may not see names, groups of fewer people than `smallest` are merged; raises `GroupTooSmall` where that is all there is.
    """
    where = (asked.round_id, asked.by, asked.actor.scope, asked.agency_id)
    if asked.as_of is None:
        found = await queries.live_figures(session, *where)
    else:
        found = await queries.past_figures(session, *where, asked.as_of)
    groups = found.groups if asked.by == "pledge" else merged(found.groups, smallest_for(asked.actor, smallest))
    if asked.agency_id is not None:
        require_large(asked.actor, found.total, smallest)
    told = {
        "round_id": asked.round_id,
        "by": asked.by,
        "as_of": asked.as_of,
        "computed_at": now,
        "total": figures(found.total),
        "groups": [_group(row) for row in groups],
    }
    return told, _tag(asked, found.version) if found.version else asked.tag


def merged(groups: list[Row], smallest: int) -> list[Row]:
    """Return groups with the small ones as a single one at the end, without an id."""
    if smallest <= 1 or not (small := small_groups({row.id: row.people for row in groups}, smallest)):
        return groups
    inside = [row for row in groups if row.id in small]
    counts = {state: sum(getattr(row, state) for row in inside) for state in STATES}
    merged_one = Row("", text("compliance.small_groups", count=len(inside)), **counts, last_signed_at=None)
    return [*(row for row in groups if row.id not in small), merged_one]


def require_large(actor: Principal, total: dict[str, int], smallest: int) -> None:
    """Raise `GroupTooSmall` when an agency's figures would tell of single people to a caller who may see figures only."""
    if 0 < sum(total.values()) < smallest_for(actor, smallest):
        raise GroupTooSmall


async def compliance(
    session: Session,
    actor: Principal,
    round_id: UUID,
    by: str,
    *,
    agency_id: UUID | None = None,
    now: datetime,
    smallest: int = 1,
) -> ComplianceRead:
    """Return the figures of this moment."""
    asked = await ask(session, actor, round_id, by, agency_id=agency_id, now=now)
    return await answer(session, asked, now=now, smallest=smallest)


async def trend(
    session: Session,
    actor: Principal,
    round_id: UUID,
    interval: str,
    zone: str,
    *,
    agency_id: UUID | None = None,
    now: datetime,
    smallest: int = 1,
) -> TrendRead:
    """Return how many people became signed in each hour or day of the zone in which anybody did, and how many had by its end."""
    actor.require(Permission.COMPLIANCE_READ)
    await counting.bring_up(session, round_id, now=now)
    if agency_id is not None and smallest_for(actor, smallest) > 1:
        found = await queries.live_figures(session, round_id, "opd", actor.scope, agency_id)
        require_large(actor, found.total, smallest)
    points, signed = [], 0
    for at, count in await queries.trend(session, round_id, interval, zone, actor.scope, agency_id, now):
        signed += count
        points.append(TrendPoint(at=at.astimezone(ZoneInfo(zone)), signed=count, signed_in_all=signed))
    return TrendRead(round_id=round_id, interval=interval, zone=zone, computed_at=now, points=points)


async def outlook(
    session: Session, actor: Principal, round_id: UUID, *, agency_id: UUID | None = None, now: datetime
) -> Forecast | None:
    """Return what the pace so far comes to at the deadline; None when there is nothing to go by."""
    await ask(session, actor, round_id, "opd", agency_id=agency_id, now=now)
    pledge_round = await pledge.get_round(session, round_id)
    if pledge_round.status != "open" or pledge_round.opened_at is None:
        return None
    found = await queries.live_figures(session, round_id, "opd", actor.scope, agency_id)
    hours = await queries.trend(session, round_id, "hour", "UTC", actor.scope, agency_id, now)
    signed = found.total["signed"]
    return forecast(
        hours,
        signed=signed,
        required=signed + found.total["pending"],
        opened_at=max(pledge_round.opened_at, pledge_round.opens_at),
        closes_at=pledge_round.closes_at,
        now=now,
    )


def _tag(asked: Asked, version: tuple[int, int]) -> str:
    """Name an answer by all it depends on; a closed instant depends on nothing that still changes but the names of units."""
    scope = asked.actor.scope.agencies
    visible, tree = version
    parts = [
        str(asked.round_id),
        asked.status,
        asked.by,
        str(asked.agency_id),
        asked.as_of.isoformat() if asked.as_of else None,
        sorted(map(str, scope)) if scope is not None else None,
        visible if asked.as_of is None else None,
        tree,
    ]
    return f'W/"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"'
