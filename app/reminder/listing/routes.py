"""Deliveries over the API: their list, bounces, sending again, and the callbacks of gateways."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body, Header, Request, Response

from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.reminder.delivery import masked
from app.reminder.listing import service
from app.reminder.models import ReminderDelivery
from app.reminder.schemas import BounceCreate, CallbackRead, DeliveryRead

router = Router(tags=["reminders"])
State = Literal["waiting", "sending", "sent", "delivered", "failed", "bounced", "unknown", "skipped"]


@router.get("/reminder-waves/{wave_id}/deliveries")
async def list_deliveries(
    wave_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    state: State | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[DeliveryRead]:
    """List the messages of a wave with what came of each."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else None
    found = await service.list_deliveries(session, actor, wave_id, limit + 1, state=state, after=after)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [_read(one) for one in found]


@router.post("/reminder-deliveries/{delivery_id}/bounce")
async def record_bounce(
    delivery_id: UUID,
    body: BounceCreate,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> DeliveryRead:
    """Record that a message came back; the id stands in its Message-ID."""
    return _read(await service.bounce(session, actor, settings.reminder, delivery_id, body, now=clock.now()))


@router.post("/reminder-deliveries/{delivery_id}/resend", status_code=202)
async def resend(delivery_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> DeliveryRead:
    """Send a message again on purpose: one that failed, bounced, or whose outcome is unknown."""
    return _read(await service.resend(session, actor, delivery_id, now=clock.now()))


@router.post("/reminder-callbacks/{channel}")
async def take_callback(
    channel: Literal["whatsapp", "sms"],
    body: Annotated[dict[str, Any], Body()],
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    authorization: Annotated[str, Header(max_length=500)] = "",
) -> CallbackRead:
    """Take a gateway's word on a message, under `Authorization: Bearer` and the secret the gateway was given."""
    gateway = settings.whatsapp if channel == "whatsapp" else settings.sms
    secret = authorization.removeprefix("Bearer ").strip()
    return await service.take_callback(session, gateway, settings.reminder, channel, secret, body, now=clock.now())


def _read(one: ReminderDelivery) -> DeliveryRead:
    values = {name: getattr(one, name) for name in DeliveryRead.model_fields}
    return DeliveryRead.model_validate(values | {"address": masked(one.address)})
