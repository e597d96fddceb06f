"""Put the recap together: figures by agency and kind of employment, totals, notes, and the annex."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.asn import service as asn
from app.asn.models import EMPLOYMENTS
from app.compliance import service
from app.compliance.discretion import small_groups, smallest_for
from app.compliance.errors import AnnexOfPast, AnnexTooLong
from app.compliance.recap import queries
from app.compliance.recap.queries import Crossed
from app.compliance.recap.schemas import Absentee, Annex, RecapRead, RecapRow, RecapTotal
from app.core.db import Session
from app.core.errors import NotFound
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.settings import ServiceSettings
from app.core.texts import text
from app.obligation import service as obligation
from app.obligation.models import STATES
from app.pledge import service as pledge

KINDS = tuple(kind for kind in EMPLOYMENTS if kind != "non_asn")
"""The kinds every recap has a column for; others have one when there is anybody."""

MOST_ANNEXED = 20_000
_PAGE = 1_000


async def recap(
    session: Session,
    actor: Principal,
    round_id: UUID,
    settings: ServiceSettings,
    *,
    as_of: datetime | None = None,
    annex: UUID | None = None,
    language: str = "id",
    now: datetime,
) -> RecapRead:
    """Return the recap inside the caller's scope; `annex` is the agency whose people who have not signed are named.

    Raises `InstantUnknown`, `AnnexOfPast` (names are known of this moment only), `AnnexTooLong`, and `NotFound` for an agency
    outside the scope or without anybody in the round.
    """
    await service.ask(session, actor, round_id, "recap", as_of=as_of, now=now)
    pledge_round = await pledge.get_round(session, round_id)
    if annex is not None:
        actor.require(Permission.LIST_EXPORT)
        if as_of is not None:
            raise AnnexOfPast
    crossed = await queries.by_agency_and_employment(session, round_id, actor.scope, None, as_of)
    crossed = _discreet(crossed, smallest_for(actor, settings.smallest_group), language)
    rows = _rows(crossed, language)
    return RecapRead(
        round_id=round_id,
        round=pledge_round.title,
        institution=settings.institution,
        office=settings.office,
        zone=settings.timezone,
        closes_at=pledge_round.closes_at,
        as_of=as_of,
        computed_at=now,
        total=RecapTotal.model_validate(_summed(crossed)),
        groups=rows,
        annex=None if annex is None else await _annex(session, actor, round_id, annex, rows),
    )


async def for_print(
    session: Session,
    actor: Principal,
    round_id: UUID,
    settings: ServiceSettings,
    *,
    as_of: datetime | None = None,
    annex: UUID | None = None,
    now: datetime,
) -> RecapRead:
    """Return the recap of a closed instant, so that what is on paper can be compared with the register for ever.

    Of this moment the last signatures are told too, which the register does not keep of the past. The printed form is Indonesian.
    """
    past = await recap(session, actor, round_id, settings, as_of=as_of or now, now=now)
    if as_of is not None:
        if annex is not None:
            raise AnnexOfPast
        return past
    live = await recap(session, actor, round_id, settings, annex=annex, now=now)
    last = {row.id: row.last_signed_at for row in live.groups}
    rows = [row.model_copy(update={"last_signed_at": last.get(row.id)}) for row in past.groups]
    total = past.total.model_copy(update={"last_signed_at": live.total.last_signed_at})
    return past.model_copy(update={"groups": rows, "total": total, "annex": live.annex})


def kinds_of(total: RecapTotal) -> list[str]:
    """Return the kinds of employment that have a column."""
    return [*KINDS, *(kind for kind in total.kinds if kind not in KINDS and total.kinds[kind])]


def _rows(crossed: Sequence[Crossed], language: str) -> list[RecapRow]:
    by_agency: dict[str, list[Crossed]] = {}
    for one in crossed:
        by_agency.setdefault(one.agency_id, []).append(one)
    rows = []
    for number, (agency_id, parts) in enumerate(by_agency.items(), start=1):
        figures = _summed(parts)
        identity = {"number": number, "id": agency_id, "name": parts[0].name, "note": _note(figures, language)}
        rows.append(RecapRow.model_validate(figures | identity))
    return rows


def _discreet(crossed: list[Crossed], smallest: int, language: str) -> list[Crossed]:
    """Return the figures with those of small agencies as of one without an id, last."""
    totals: dict[str, int] = {}
    for one in crossed:
        totals[one.agency_id] = totals.get(one.agency_id, 0) + sum(one.counts.values())
    small = small_groups(totals, smallest)
    name = text("compliance.small_groups", language, count=len(small))
    inside = [replace(one, agency_id="", name=name, last_signed_at=None) for one in crossed if one.agency_id in small]
    return [*(one for one in crossed if one.agency_id not in small), *inside]


def _summed(parts: Sequence[Crossed]) -> dict[str, Any]:
    counts = {state: sum(part.counts[state] for part in parts) for state in STATES}
    kinds = dict.fromkeys(KINDS, 0)
    for part in parts:
        kinds[part.employment] = kinds.get(part.employment, 0) + sum(part.counts.values())
    last = max((part.last_signed_at for part in parts if part.last_signed_at), default=None)
    return {**service.figures(counts), "kinds": kinds, "last_signed_at": last}


def _note(figures: dict[str, Any], language: str) -> str:
    """Say what the columns do not: whether it is done or not begun, and whom the total holds beside those required and exempt."""
    words = []
    if not figures["required"]:
        words.append(text("recap.note.nobody", language))
    elif not figures["pending"]:
        words.append(text("recap.note.done", language))
    elif not figures["signed"]:
        words.append(text("recap.note.not_begun", language))
    words += [
        text(f"recap.note.{state}", language, count=figures[state]) for state in ("deferred", "left") if figures[state]
    ]
    return "; ".join(words)


async def _annex(
    session: Session, actor: Principal, round_id: UUID, agency_id: UUID, rows: Sequence[RecapRow]
) -> Annex:
    row = next((row for row in rows if row.id == str(agency_id)), None)
    if row is None:
        raise NotFound
    if row.pending > MOST_ANNEXED:
        raise AnnexTooLong(count=row.pending, most=MOST_ANNEXED)
    people: list[Absentee] = []
    after = None
    filters = {"state": "pending", "agency_id": agency_id, "unit_id": None, "search": None}
    while True:
        page = await obligation.list_participants(session, actor, round_id, _PAGE, after=after, **filters)
        people += [
            Absentee(
                number=number,
                name=one.printed.get("name", one.name),
                nip=asn.shown_nip(actor, one.nip),
                position=one.printed.get("position", ""),
                unit=one.printed.get("unit", ""),
            )
            for number, one in enumerate(page, start=len(people) + 1)
        ]
        if len(page) < _PAGE:
            return Annex(agency_id=agency_id, name=row.name, people=people)
        after = page[-1].name, page[-1].employee_id
