"""Figures over the API."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime
from pydantic_core import to_json

from app.compliance import events, service, standings
from app.compliance.live import LiveFigures
from app.compliance.schemas import ComparisonRead, ComplianceRead, ForecastRead, RankingRead, TrendRead
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, resources
from app.core.routing import Router

router = Router(prefix="/rounds", tags=["compliance"])

Dimension = Literal["opd", "unit", "employment", "grade", "position_kind", "pledge"]
Instant = Annotated[
    AwareDatetime | None, Query(description="An instant since the round opened: the figures the register knew then.")
]


@router.get("/{round_id}/compliance", response_model=ComplianceRead)
async def read_compliance(
    round_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    by: Dimension = "opd",
    opd: UUID | None = None,
    as_of: Instant = None,
) -> Response:
    """How many have signed and who has not; an unchanged figure answers If-None-Match with 304."""
    now = clock.now()
    asked = await service.ask(session, actor, round_id, by, agency_id=opd, as_of=as_of, now=now)
    cached = {"Cache-Control": "private, no-cache"}
    if _knows(request.headers.get("if-none-match", ""), asked.tag):
        return Response(status_code=304, headers=cached | {"ETag": asked.tag})
    told, tag = await service.tagged_answer(session, asked, now=now, smallest=settings.service.smallest_group)
    # as it is: making models of thousands of groups, only to write them out again, takes longer than finding the figures
    return Response(to_json(told), media_type="application/json", headers=cached | {"ETag": tag})


@router.get("/{round_id}/compliance/trend")
async def read_trend(
    round_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    interval: Literal["hour", "day"] = "day",
    opd: UUID | None = None,
) -> TrendRead:
    """How many people became signed in each hour or day, in the service's zone."""
    zone, smallest = settings.service.timezone, settings.service.smallest_group
    return await service.trend(
        session, actor, round_id, interval, zone, agency_id=opd, now=clock.now(), smallest=smallest
    )


@router.get("/{round_id}/compliance/ranking")
async def read_ranking(
    round_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    by: Literal["opd", "unit"] = "opd",
    opd: UUID | None = None,
) -> RankingRead:
    """Groups by the share that has signed, equal shares with equal ranks (1, 2, 2, 4)."""
    smallest = settings.service.smallest_group
    return await standings.ranking(session, actor, round_id, by, agency_id=opd, now=clock.now(), smallest=smallest)


@router.get("/{round_id}/compliance/forecast")
async def read_forecast(
    round_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    opd: UUID | None = None,
) -> ForecastRead:
    """What the pace so far comes to at the deadline: an estimate, stated as such."""
    smallest = settings.service.smallest_group
    return await standings.forecast(session, actor, round_id, agency_id=opd, now=clock.now(), smallest=smallest)


@router.get("/{round_id}/compliance/comparison")
async def read_comparison(
    round_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    with_: Annotated[list[UUID], Query(alias="with", min_length=1, max_length=5)],
) -> ComparisonRead:
    """This round beside one to five others, agency by agency."""
    smallest = settings.service.smallest_group
    return await standings.comparison(session, actor, [round_id, *with_], now=clock.now(), smallest=smallest)


@router.get("/{round_id}/events", response_class=StreamingResponse)
async def read_events(
    round_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    seconds: Annotated[
        int, Query(ge=0, le=300, description="How long the stream lasts; a browser comes back by itself.")
    ] = 300,
) -> StreamingResponse:
    """Live figures as server-sent events: now and after each change, at most one a second, until the round ends."""
    await service.require_figures(session, actor, round_id)
    return events.answer(resources(request).get(LiveFigures), round_id, actor.scope, lasting=seconds)


def _knows(if_none_match: str, tag: str) -> bool:
    """Whether an If-None-Match header names a tag, by weak comparison (RFC 9110 §13.1.2, §8.8.3.2)."""
    known = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in known or tag.removeprefix("W/") in known
