"""Kiosks over the API."""

from uuid import UUID

from fastapi import Request, Response

from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, resources
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.identity.kiosk import service
from app.identity.kiosk.models import Kiosk
from app.identity.kiosk.schemas import KioskCreate, KioskCreated, KioskRead
from app.identity.slips.code import SlipPress, grouped

router = Router(prefix="/kiosks", tags=["kiosks"])


@router.post("", status_code=201)
async def make_kiosk(
    body: KioskCreate,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> KioskCreated:
    """Make a kiosk; its code works once, for an hour, and is told only here."""
    press, now = resources(request).get(SlipPress), clock.now()
    made, code = await service.make(session, press, actor, body.opd, body.name, now=now)
    response.headers["Cache-Control"] = "no-store"
    return KioskCreated(
        **_read(made, "waiting"),
        code=grouped(code),
        url=f"{settings.service.base_url}/kiosk",
        code_until=made.code_until,
    )


@router.get("")
async def list_kiosks(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    opd: UUID | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[KioskRead]:
    """List kiosks, newest first."""
    parts = decode_cursor(cursor, 1)
    found = await service.list_kiosks(session, actor, opd, uuid_part(parts[0]) if parts else None, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [KioskRead(**_read(one, service.state_of(one, clock.now()))) for one in found]


@router.delete("/{kiosk_id}", status_code=204)
async def revoke_kiosk(kiosk_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> None:
    """Revoke a kiosk, and sign out whoever stands at it."""
    await service.revoke(session, actor, kiosk_id, now=clock.now())


def _read(kiosk: Kiosk, state: str) -> dict[str, object]:
    fields = ("id", "name", "created_at", "enrolled_at", "revoked_at")
    return {field: getattr(kiosk, field) for field in fields} | {"opd": kiosk.agency_id, "state": state}
