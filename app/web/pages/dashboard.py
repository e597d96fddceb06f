"""`/dashboard`: how far the city is, which agency needs attention, who has not signed. Works without any script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from app.asn import service as asn
from app.compliance import service as compliance
from app.compliance.documents import service as documents
from app.compliance.forecast import Forecast
from app.compliance.recap import forms
from app.compliance.recap import service as recaps
from app.compliance.recap.printed import RecapPrinter
from app.compliance.schemas import ComplianceRead, Group, TrendRead
from app.core.db import Session
from app.core.errors import NotFound
from app.core.http import ClockDep, SessionDep, SettingsDep, resources
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.routing import Router
from app.core.settings import ServiceSettings
from app.document.compiled import TemplateShelf
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.key_standing import needs_somebody
from app.obligation import service as obligation
from app.obligation.models import Participant
from app.pledge import service as pledge
from app.pledge.models import PledgeRound
from app.web.chart import TrendChart, trend_chart
from app.web.office import Office, OfficeDep
from app.web.rendering import language_of, render

router = Router()
_ROUNDS = 50
_PEOPLE = 100
Order = Literal["perhatian", "belum", "nama"]
Words = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]


@dataclass(frozen=True)
class Overview:
    """What a page of figures shows: the round, its groups, the course so far and what it comes to."""

    round: PledgeRound
    figures: ComplianceRead
    trend: TrendRead
    outlook: Forecast | None
    chart: TrendChart | None
    days_left: int


async def overview(
    session: Session,
    office: Office,
    settings: ServiceSettings,
    round_id: UUID,
    by: str,
    *,
    agency_id: UUID | None = None,
    now: datetime,
) -> Overview:
    """Return the figures of a round, or of one of its agencies, with their course."""
    actor, zone, smallest = office.principal, settings.timezone, settings.smallest_group
    pledge_round = await pledge.read_round(session, actor, round_id)
    found = await compliance.compliance(session, actor, round_id, by, agency_id=agency_id, now=now, smallest=smallest)
    trend = await compliance.trend(session, actor, round_id, "hour", zone, agency_id=agency_id, now=now)
    days = await compliance.trend(session, actor, round_id, "day", zone, agency_id=agency_id, now=now)
    outlook = await compliance.outlook(session, actor, round_id, agency_id=agency_id, now=now)
    chart = trend_chart(
        trend.points,
        required=found.total.required,
        begins=max(pledge_round.opened_at or pledge_round.opens_at, pledge_round.opens_at),
        ends=pledge_round.closes_at,
        now=now,
        outlook=outlook,
    )
    left = (pledge_round.closes_at - now).days if pledge_round.status == "open" else 0
    return Overview(pledge_round, found, days, outlook, chart, max(0, left))


def sorted_groups(groups: list[Group], order: Order) -> list[Group]:
    """Return groups with those that need attention first: the lowest share, then the most people; those complete last."""
    if order == "nama":
        return sorted(groups, key=lambda g: g.name.casefold())
    if order == "belum":
        return sorted(groups, key=lambda g: (-g.pending, g.name))
    return sorted(groups, key=lambda g: (not g.pending, g.percent, -g.pending, g.name))


def chosen_groups(groups: list[Group], words: str, state: str) -> list[Group]:
    """Return the groups whose names hold the words and that are (not) complete, as asked."""
    found = [g for g in groups if words.casefold().strip() in g.name.casefold()]
    return [g for g in found if not state or bool(g.pending) == (state == "belum")]


@router.get("/dashboard")
async def read_newest(session: SessionDep, office: OfficeDep) -> Response:
    """Go to the newest round that has figures."""
    rounds = await _rounds(session, office)
    if not rounds:
        raise NotFound
    return RedirectResponse(f"/dashboard/{rounds[0].id}", 303)


@router.get("/dashboard/{round_id}")
async def read_dashboard(
    round_id: UUID,
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    office: OfficeDep,
    urut: Order = "perhatian",
    cari: Words = "",
    keadaan: Literal["", "belum", "selesai"] = "",
) -> Response:
    """The city's figure, its agencies by what needs attention, and the course with the deadline."""
    shown = await overview(session, office, settings.service, round_id, "opd", now=clock.now())
    groups = sorted_groups(chosen_groups(shown.figures.groups, cari, keadaan), urut)
    finished = await documents.read(
        session, office.principal, round_id, now=shown.figures.computed_at, settings=settings.service
    )
    return _page(
        request,
        "dashboard.html",
        office,
        shown,
        groups=groups,
        finished=finished,
        heads={one.id: one.head_signed for one in finished.groups},
        rounds=await _rounds(session, office),
        given={"urut": urut, "cari": cari, "keadaan": keadaan},
        complete=sum(not g.pending for g in shown.figures.groups),
        keys=await needs_somebody(session, office.principal, settings, now=clock.now()),
    )


@router.get("/dashboard/{round_id}/opd/{agency_id}")
async def read_agency(
    round_id: UUID,
    agency_id: UUID,
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    office: OfficeDep,
    urut: Order = "perhatian",
) -> Response:
    """One agency: its figure, its units, its course."""
    shown = await overview(session, office, settings.service, round_id, "unit", agency_id=agency_id, now=clock.now())
    agency = await _agency(session, office, round_id, agency_id, now=clock.now())
    groups = sorted_groups(shown.figures.groups, urut)
    return _page(request, "dashboard_agency.html", office, shown, agency=agency, groups=groups, order=urut)


@router.get("/dashboard/{round_id}/opd/{agency_id}/orang")
async def read_people(
    round_id: UUID,
    agency_id: UUID,
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    office: OfficeDep,
    unit: UUID | None = None,
    keadaan: Literal["pending", "declined", "signed", "deferred", "exempt", "left"] = "pending",
    cari: Words = "",
    cursor: CursorQuery = None,
) -> Response:
    """People of an agency or of one of its units by name; only for callers who may see names."""
    agency = await _agency(session, office, round_id, agency_id, now=clock.now())
    parts = decode_cursor(cursor, 2)
    found = await obligation.list_participants(
        session,
        office.principal,
        round_id,
        _PEOPLE + 1,
        state=None if keadaan == "declined" else keadaan,
        declined=keadaan == "declined",
        agency_id=agency_id,
        unit_id=unit,
        search=cari.strip() or None,
        after=(parts[0], uuid_part(parts[1])) if parts else None,
    )
    more = encode_cursor(found[_PEOPLE - 1].name, found[_PEOPLE - 1].employee_id) if len(found) > _PEOPLE else ""
    return render(
        request,
        "dashboard_people.html",
        csrf=office.csrf,
        office=office,
        round=await pledge.read_round(session, office.principal, round_id),
        agency=agency,
        people=[(one, asn.shown_nip(office.principal, one.nip)) for one in found[:_PEOPLE]],
        declined=await _declined(request, session, round_id, found[:_PEOPLE]),
        given={"unit": unit or "", "keadaan": keadaan, "cari": cari},
        more=more,
    )


@router.get("/dashboard/{round_id}/rekap.{form}")
async def read_recap(
    round_id: UUID,
    form: Literal["csv", "pdf", "xlsx"],
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    office: OfficeDep,
    opd: UUID | None = None,
) -> Response:
    """The recap as a file, as `/rounds/{id}/recap.*` gives it to programs; `opd` asks for that agency's names too, which is written down."""
    if opd is not None:
        kind, actor, now = AccessKind.LIST_EXPORTED, office.principal, clock.now()
        access.record(session, kind, actor, now=now, list="recap", round=str(round_id), opd=str(opd))
    if form == "pdf":
        printer = resources(request).get(RecapPrinter)
        return await forms.printed(session, office.principal, printer, round_id, annex=opd, now=clock.now())
    language = language_of(request)
    found = await recaps.recap(
        session, office.principal, round_id, settings.service, annex=opd, language=language, now=clock.now()
    )
    return await forms.file(found, form, language)


async def _declined(
    request: Request, session: Session, round_id: UUID, people: Sequence[Participant]
) -> dict[UUID, list[tuple[datetime, str, list[str]]]]:
    """Who of the people would not sign: when, why, and which pledges; a reason told of several at once is said once."""
    shelf, found = resources(request).get(TemplateShelf), dict[UUID, list[tuple[datetime, str, list[str]]]]()
    for person, owed in (await obligation.obligations_of(session, round_id, [p.employee_id for p in people])).items():
        told = dict[tuple[datetime, str], list[str]]()
        for one in owed:
            if one.declined_at is not None:
                title = (await shelf.text(session, round_id, one.pledge)).title
                told.setdefault((one.declined_at, one.declined_reason or ""), []).append(title)
        found[person] = [(at, why, titles) for (at, why), titles in told.items()]
    return found


async def _rounds(session: Session, office: Office) -> list[PledgeRound]:
    found = await pledge.list_rounds(session, office.principal, _ROUNDS, None)
    return [one for one in found if one.status in {"open", "closed"}]


async def _agency(session: Session, office: Office, round_id: UUID, agency_id: UUID, *, now: datetime) -> Group:
    """Return an agency's own figures; one outside the caller's scope, or without anybody, is not there."""
    found = await compliance.compliance(session, office.principal, round_id, "opd", agency_id=agency_id, now=now)
    if not found.groups:
        raise NotFound
    return found.groups[0]


def _page(request: Request, template: str, office: Office, shown: Overview, **more: Any) -> Response:
    return render(
        request,
        template,
        csrf=office.csrf,
        office=office,
        shown=shown,
        round=shown.round,
        total=shown.figures.total,
        **more,
    )
