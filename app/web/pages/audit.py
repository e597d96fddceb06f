"""`/kantor/riwayat`: who did or saw what, from where; for administrators and auditors of the whole service. Works without any script."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Request, Response

from app.core.http import SessionDep, SettingsDep
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.routing import Router
from app.identity.access import service as access
from app.identity.access.filters import Filters
from app.identity.access.kinds import AccessKind
from app.identity.models import AccessEvent
from app.web.office import OfficeDep
from app.web.pages.access import WARNING
from app.web.pages.account import office_page

router = Router()
PAGE = 50
Given = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True)
class Shown:
    """One event as the page shows it; `by` and `about` are names where they are known, `granted` a role."""

    at: datetime
    kind: str
    by: str
    role: str
    actor_id: UUID | None
    about: str
    subject_id: UUID | None
    address: str
    reason: str
    granted: str
    act: str
    warns: bool


@router.get("/kantor/riwayat")
async def read_history(
    request: Request,
    session: SessionDep,
    office: OfficeDep,
    settings: SettingsDep,
    jenis: Given = "",
    dari: Given = "",
    sampai: Given = "",
    oleh: Given = "",
    tentang: Given = "",
    cursor: CursorQuery = None,
) -> Response:
    """Newest first, fifty on a page; days are those of the service's own zone."""
    parts = decode_cursor(cursor, 1)
    zone = ZoneInfo(settings.service.timezone)
    until = _day(sampai)
    filters = Filters(
        kind=jenis if jenis in set(AccessKind) else None,
        actor_id=_id(oleh),
        subject_id=_id(tentang),
        since=_midnight(_day(dari), zone),
        until=_midnight(until + timedelta(days=1) if until and until < date.max else None, zone),
    )
    after = uuid_part(parts[0]) if parts else None
    found = await access.list_events(session, office.principal, filters, after, PAGE + 1)
    names = await access.names_of(session, office.principal, found[:PAGE])
    given = {"jenis": jenis, "dari": dari, "sampai": sampai, "oleh": oleh, "tentang": tentang}
    older = f"?{urlencode(given | {'cursor': encode_cursor(found[PAGE - 1].id)})}" if len(found) > PAGE else ""
    return office_page(
        request,
        "audit.html",
        office,
        events=[_shown(event, names) for event in found[:PAGE]],
        kinds=list(AccessKind),
        given=given,
        older=older,
    )


def _shown(event: AccessEvent, names: dict[UUID, str]) -> Shown:
    account = _id(str(event.data.get("account", "")))
    about = event.subject_id or (account if account != event.actor_id else None)
    return Shown(
        at=event.at,
        kind=event.kind,
        by=names.get(event.actor_id, "") if event.actor_id else "",
        role=event.role or "unknown",
        actor_id=event.actor_id,
        about=names.get(about, "") if about else "",
        subject_id=event.subject_id,
        address=event.address,
        reason=str(event.data.get("reason", "")),
        granted=str(event.data.get("role", "")),
        act=str(event.data.get("act", "")),
        warns=event.kind in WARNING,
    )


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day and day > date.min else None


def _id(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None
