"""Figures over the API."""

import hashlib
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.compliance import service
from app.compliance.schemas import ComplianceRead
from app.core.http import ActorDep, ClockDep, SessionDep

router = APIRouter(prefix="/rounds", tags=["compliance"])

Dimension = Literal["opd", "unit", "employment", "grade", "position_kind", "pledge"]


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
) -> ComplianceRead | Response:
    """How many have signed and who has not; an unchanged figure answers If-None-Match with 304."""
    found = await service.compliance(session, actor, round_id, by, agency_id=opd, now=clock.now())
    body = found.model_dump_json(exclude={"computed_at"}).encode()
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if _knows(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return found


def _knows(if_none_match: str, tag: str) -> bool:
    """Whether an If-None-Match header names a tag, by weak comparison (RFC 9110 §13.1.2, §8.8.3.2)."""
    known = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in known or tag.removeprefix("W/") in known
