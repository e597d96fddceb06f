"""Figures over the API."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from app.compliance import service
from app.compliance.schemas import ComplianceRead, TrendRead
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep

router = APIRouter(prefix="/rounds", tags=["compliance"])

Dimension = Literal["opd", "unit", "employment", "grade", "position_kind", "pledge"]
Instant = Annotated[
    AwareDatetime | None, Query(description="An instant since the round opened: the figures the register knew then.")
]


@router.get("/{round_id}/compliance", response_model=ComplianceRead)
async def read_compliance(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    by: Dimension = "opd",
    opd: UUID | None = None,
    as_of: Instant = None,
) -> ComplianceRead | Response:
    """How many have signed and who has not; an unchanged figure answers If-None-Match with 304."""
    now = clock.now()
    asked = await service.ask(session, actor, round_id, by, agency_id=opd, as_of=as_of, now=now)
    headers = {"ETag": asked.tag, "Cache-Control": "private, no-cache"}
    if _knows(request.headers.get("if-none-match", ""), asked.tag):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return await service.answer(session, asked, now=now)


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
    zone = settings.service.timezone
    return await service.trend(session, actor, round_id, interval, zone, agency_id=opd, now=clock.now())


def _knows(if_none_match: str, tag: str) -> bool:
    """Whether an If-None-Match header names a tag, by weak comparison (RFC 9110 §13.1.2, §8.8.3.2)."""
    known = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in known or tag.removeprefix("W/") in known
