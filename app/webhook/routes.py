"""Webhooks over the API."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from app.core.http import ActorDep, SessionDep, resources
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.webhook import service
from app.webhook.means import Means, means_of
from app.webhook.models import Webhook, WebhookAttempt, WebhookDelivery
from app.webhook.schemas import (
    AttemptRead,
    DeliveryRead,
    DeliveryState,
    ReplayRange,
    ReplayRead,
    SecretRead,
    WebhookCreate,
    WebhookCreated,
    WebhookRead,
    WebhookUpdate,
)

router = Router(prefix="/webhooks", tags=["webhooks"])


async def get_means(request: Request) -> Means:
    """Return what delivering needs."""
    return means_of(resources(request))


MeansDep = Annotated[Means, Depends(get_means)]


@router.post("", status_code=201)
async def create_webhook(body: WebhookCreate, session: SessionDep, actor: ActorDep, means: MeansDep) -> WebhookCreated:
    """Have events told to an address; the secret its messages are signed with is shown in this answer only."""
    webhook, secret = await service.create(session, actor, means, body)
    return WebhookCreated(**_values(webhook), secret=secret)


@router.get("")
async def list_webhooks(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> list[WebhookRead]:
    """List the endpoints, and how each is doing."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else UUID(int=0)
    found = await service.list_webhooks(session, actor, after, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return [_read(one) for one in found]


@router.get("/{webhook_id}")
async def read_webhook(webhook_id: UUID, session: SessionDep, actor: ActorDep) -> WebhookRead:
    """Read an endpoint."""
    return _read(await service.get(session, actor, webhook_id))


@router.patch("/{webhook_id}")
async def change_webhook(
    webhook_id: UUID, body: WebhookUpdate, session: SessionDep, actor: ActorDep, means: MeansDep
) -> WebhookRead:
    """Change an endpoint, switch it off at once, or on again."""
    return _read(await service.change(session, actor, means, webhook_id, body))


@router.delete("/{webhook_id}", status_code=204)
async def drop_webhook(webhook_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Delete an endpoint with everything it was told."""
    await service.drop(session, actor, webhook_id)


@router.post("/{webhook_id}/secret")
async def rotate_secret(webhook_id: UUID, session: SessionDep, actor: ActorDep, means: MeansDep) -> SecretRead:
    """Give an endpoint a new secret; for a while messages carry a signature by each."""
    webhook, secret = await service.rotate(session, actor, means, webhook_id)
    assert webhook.secret_before_until is not None
    return SecretRead(secret=secret, before_until=webhook.secret_before_until)


@router.post("/{webhook_id}/test", status_code=202)
async def test_webhook(webhook_id: UUID, session: SessionDep, actor: ActorDep, means: MeansDep) -> DeliveryRead:
    """Have a message of type `webhook.test` sent; what came of it stands in the deliveries."""
    return _delivery(await service.test(session, actor, means, webhook_id), [])


@router.get("/{webhook_id}/deliveries")
async def list_deliveries(
    webhook_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    state: DeliveryState | None = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> list[DeliveryRead]:
    """List what an endpoint was told and is to be told, newest first, with every attempt. `dead` is the dead letter box."""
    parts = decode_cursor(cursor, 1)
    before = uuid_part(parts[0]) if parts else None
    found = await service.list_deliveries(session, actor, webhook_id, state, before, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].message_id))
    tried = await service.attempts(session, webhook_id, found)
    return [_delivery(one, tried[one.message_id]) for one in found]


@router.post("/{webhook_id}/deliveries/{message_id}/replay", status_code=202)
async def replay_delivery(
    webhook_id: UUID, message_id: UUID, session: SessionDep, actor: ActorDep, means: MeansDep
) -> DeliveryRead:
    """Have a message sent again under the same id."""
    return _delivery(await service.replay(session, actor, means, webhook_id, message_id), [])


@router.post("/{webhook_id}/replay", status_code=202)
async def replay_range(
    webhook_id: UUID, body: ReplayRange, session: SessionDep, actor: ActorDep, means: MeansDep
) -> ReplayRead:
    """Have every message of a time range sent again, each under its own id, and those the endpoint was not told of while disabled."""
    return ReplayRead(messages=await service.replay_range(session, actor, means, webhook_id, body))


def _values(webhook: Webhook) -> dict[str, Any]:
    return {name: getattr(webhook, name) for name in WebhookRead.model_fields}


def _read(webhook: Webhook) -> WebhookRead:
    return WebhookRead(**_values(webhook))


def _delivery(delivery: WebhookDelivery, attempts: list[WebhookAttempt]) -> DeliveryRead:
    return DeliveryRead(
        id=delivery.message_id,
        kind=delivery.kind,
        state=delivery.state,
        created_at=delivery.created_at,
        next_at=delivery.next_at if delivery.state == "waiting" else None,
        settled_at=delivery.settled_at,
        attempts=[AttemptRead.model_validate(one, from_attributes=True) for one in attempts],
    )
