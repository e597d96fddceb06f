"""API tokens over the API."""

from datetime import datetime
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from app.core.http import ActorDep, ClockDep, SessionDep
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.identity.tokens import service

router = Router(prefix="/tokens", tags=["tokens"])


class TokenRead(BaseModel):
    """A token without its secret, which nobody can be told again. `last_used_at` is true to the minute."""

    id: UUID
    name: str
    role: str
    agencies: list[UUID] | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    previous_until: datetime | None


class RotatedToken(BaseModel):
    """A token's new secret, told once, and until when the one before it still opens."""

    id: UUID
    token: str
    expires_at: datetime
    previous_until: datetime | None


@router.get("")
async def list_tokens(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[TokenRead]:
    """List tokens, newest first."""
    parts = decode_cursor(cursor, 1)
    found = await service.list_tokens(session, actor, uuid_part(parts[0]) if parts else None, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1][0].id))
    fields = [name for name in TokenRead.model_fields if name != "last_used_at"]
    return [TokenRead(last_used_at=used, **{name: getattr(token, name) for name in fields}) for token, used in found]


@router.delete("/{token_id}", status_code=204)
async def revoke_token(token_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> None:
    """Revoke a token at once."""
    await service.revoke(session, actor, token_id, now=clock.now())


@router.post("/{token_id}/rotate")
async def rotate_token(
    token_id: UUID, response: Response, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> RotatedToken:
    """Give a token a new secret; the one it had opens for another 24 hours."""
    response.headers["Cache-Control"] = "no-store"
    token, secret = await service.rotate(session, actor, token_id, now=clock.now())
    return RotatedToken(id=token.id, token=secret, expires_at=token.expires_at, previous_until=token.previous_until)
