"""The dry run and the handed-out list over the API."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from app.core.confinement import confine
from app.core.db import Session
from app.core.http import ActorDep, ClockDep, SessionDep, resources
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.routing import Router
from app.core.texts import negotiate
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.pledge import service as pledge
from app.reminder.audience import preview as previews
from app.reminder.delivery import Place
from app.reminder.means import Means, means_of
from app.reminder.schemas import HandoutRow, PreviewRow

router = Router(prefix="/rounds", tags=["reminders"])
_PAGE = 1_000


def _place(cursor: str | None) -> Place:
    parts = decode_cursor(cursor, 3)
    return Place(uuid_part(parts[0]), parts[1], uuid_part(parts[2])) if parts else Place()


@router.get("/{round_id}/reminders/preview")
async def preview(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    kind: Literal["first", "regular", "last", "manual", "escalation", "recap"] = "manual",
    at: Annotated[
        AwareDatetime | None, Query(description="As if it were sent at this instant; the caps depend on it.")
    ] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[PreviewRow]:
    """Dry run: who would get what, and why others would not. Nothing is written or sent."""
    means, after = means_of(resources(request)), _place(cursor)
    found = await previews.preview(
        session, actor, means, round_id, kind, at=at or clock.now(), after=after, limit=limit + 1
    )
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(*found[-1][0]))
    return [row for _, row in found]


@router.get("/{round_id}/reminders/handout")
async def list_handout(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    opd: UUID | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[HandoutRow]:
    """List who has not signed and is reached by no channel, by agency and name."""
    means, after = means_of(resources(request)), _place(cursor)
    found = await previews.handout(session, actor, means, round_id, agency_id=opd, after=after, limit=limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(*found[-1][0]))
    return [row for _, row in found]


@router.get("/{round_id}/reminders/handout.csv", response_class=StreamingResponse)
async def handout_csv(
    round_id: UUID, request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep, opd: UUID | None = None
) -> StreamingResponse:
    """The list as CSV, to be handed out by agency and unit."""
    actor.require(Permission.LIST_EXPORT)
    await pledge.get_round(session, round_id)
    _note_export(session, actor, round_id, opd, clock.now())
    language = negotiate(request.headers.get("accept-language"))
    pages = _pages(means_of(resources(request)), actor, round_id, opd)
    headers = {"Content-Disposition": 'attachment; filename="dihubungi-langsung.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(previews.as_csv(pages, language), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{round_id}/reminders/handout.html", response_class=StreamingResponse)
async def handout_page(
    round_id: UUID, request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep, opd: UUID | None = None
) -> StreamingResponse:
    """The list as a page to print."""
    actor.require(Permission.LIST_EXPORT)
    pledge_round = await pledge.get_round(session, round_id)
    _note_export(session, actor, round_id, opd, clock.now())
    language = negotiate(request.headers.get("accept-language"))
    means = means_of(resources(request))
    shown = previews.as_page(_pages(means, actor, round_id, opd), pledge_round, means.service.timezone, language)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": previews.PAGE_POLICY}
    return StreamingResponse(shown, media_type="text/html; charset=utf-8", headers=headers)


def _note_export(session: Session, actor: Principal, round_id: UUID, opd: UUID | None, now: datetime) -> None:
    about = str(opd) if opd else None
    access.record(session, AccessKind.LIST_EXPORTED, actor, now=now, list="handout", round=str(round_id), opd=about)


async def _pages(
    means: Means, actor: Principal, round_id: UUID, agency_id: UUID | None
) -> AsyncIterator[list[HandoutRow]]:
    """Yield the list page by page, each in a transaction of its own: the answer is as long as the list, memory is not."""
    after = Place()
    while True:
        async with means.database.transaction() as session:
            await confine(session, actor)
            found = await previews.handout(
                session, actor, means, round_id, agency_id=agency_id, after=after, limit=_PAGE
            )
        yield [row for _, row in found]
        if len(found) < _PAGE:
            return
        after = found[-1][0]
