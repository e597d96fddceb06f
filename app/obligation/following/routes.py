"""What befalls people of a round, over the API."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from app.core.clock import local_day
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, resources
from app.core.paging import CursorInvalid, CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.routing import Router
from app.obligation.following import service
from app.obligation.following.schemas import ChangeKind, ChangeRead, ParticipantAdd, ParticipantsAdded
from app.obligation.models import ParticipantChange
from app.transparency.record import LogIdentity

router = Router(tags=["obligations"])


@router.post("/rounds/{round_id}/participants")
async def add_participants(
    round_id: UUID,
    body: ParticipantAdd,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> ParticipantsAdded:
    """Add people who appeared after the opening. Asked for again it adds nobody twice."""
    log, now = resources(request).get(LogIdentity), clock.now()
    today = local_day(now, settings.service.timezone)
    return await service.add(session, actor, log, round_id, body, today=today, now=now)


@router.get("/rounds/{round_id}/changes")
async def list_changes(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    kind: ChangeKind | None = None,
    opd: Annotated[UUID | None, Query(description="The agency that owns the obligation.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[ChangeRead]:
    """List what befell people of a round after its cut-off, the newest first."""
    found = await service.list_changes(
        session, actor, round_id, limit + 1, kind=kind, agency_id=opd, before=_mark(cursor)
    )
    return _page(request, response, actor, found, limit)


@router.get("/rounds/{round_id}/participants/{employee_id}/changes")
async def list_changes_of(
    round_id: UUID,
    employee_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[ChangeRead]:
    """List what befell one person in a round, the newest first."""
    found = await service.list_changes_of(session, actor, round_id, employee_id, limit + 1, _mark(cursor))
    return _page(request, response, actor, found, limit)


def _page(
    request: Request,
    response: Response,
    actor: Principal,
    found: list[tuple[ParticipantChange, str | None]],
    limit: int,
) -> list[ChangeRead]:
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1][0].id))
    whole = actor.may(Permission.NIP_READ)
    return [_read(change, name, whole=whole) for change, name in found]


def _read(change: ParticipantChange, name: str | None, *, whole: bool) -> ChangeRead:
    """Show a change; what was noted by hand only to who sees the whole NIP."""
    fields = {
        field: getattr(change, field) for field in ChangeRead.model_fields if field not in {"name", "note", "by_hand"}
    }
    return ChangeRead(**fields, name=name, note=change.note if whole else None, by_hand=change.recorded_by is not None)


def _mark(cursor: str | None) -> int | None:
    parts = decode_cursor(cursor, 1)
    if parts is None:
        return None
    if re.fullmatch("[0-9]{1,18}", parts[0]) is None:
        raise CursorInvalid
    return int(parts[0])
