"""Recap links over the API; the address itself asks for no login, its token is one."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Request, Response

from app.compliance.recap import forms
from app.compliance.recap.links import service
from app.compliance.recap.links.schemas import LinkCreate, LinkCreated, LinkRead
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, client_address, resources
from app.core.limits import Limits
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router

router = Router(tags=["compliance"])


@router.post("/rounds/{round_id}/recap-links", status_code=201)
async def create_link(
    round_id: UUID, body: LinkCreate, session: SessionDep, actor: ActorDep, clock: ClockDep, settings: SettingsDep
) -> LinkCreated:
    """Make an address by which Sheets, Power BI or Looker read the recap as CSV: figures only; it is shown in this answer only."""
    link, token = await service.create(session, actor, round_id, body, now=clock.now())
    url = f"{settings.service.base_url.rstrip('/')}/api/v1/recap-links/{token}/recap.csv"
    return LinkCreated(**LinkRead.model_validate(link, from_attributes=True).model_dump(), url=url)


@router.get("/rounds/{round_id}/recap-links")
async def list_links(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[LinkRead]:
    """List a round's addresses, without their tokens."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else UUID(int=0)
    found = await service.list_links(session, actor, round_id, after, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [LinkRead.model_validate(one, from_attributes=True) for one in found]


@router.delete("/rounds/{round_id}/recap-links/{link_id}", status_code=204)
async def revoke_link(round_id: UUID, link_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> None:
    """Close an address at once."""
    await service.revoke(session, actor, round_id, link_id, now=clock.now())


@router.get("/recap-links/{token}/recap.csv", response_class=Response)
async def open_link(
    token: Annotated[str, Path(max_length=100)],
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> Response:
    """The official table as CSV to whoever holds the address: aggregates, small agencies merged, nobody's name."""
    resources(request).get(Limits).verification.spend(request, client_address(request))
    found = await service.open_link(session, token, settings.service, now=clock.now())
    answer = await forms.file(found, "csv")
    answer.headers.update({"Cache-Control": "private, max-age=60", "Referrer-Policy": "no-referrer"})
    return answer
