"""Make, list, revoke and rotate API tokens. A secret is told once and stored only as its hash."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.core.db import Session
from app.core.errors import NotFound, NotPermitted
from app.core.ids import new_id
from app.core.permission import Permission, Role
from app.core.principal import Principal
from app.core.secrets import token_hash
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.errors import TokenOver
from app.identity.models import ApiToken, ApiTokenUse
from app.identity.tokens import queries
from app.identity.tokens.form import new_api_token

OVERLAP = timedelta(hours=24)  # how long the secret before a rotation still opens


def create(
    session: Session, *, name: str, role: Role, agencies: Sequence[UUID] | None, life: timedelta, now: datetime
) -> str:
    """Make a token and return it. Only the operator does, on the machine itself: the event has no actor."""
    secret = new_api_token()
    named = None if agencies is None else [str(agency) for agency in agencies]
    token = ApiToken(
        id=new_id(),
        name=name,
        role=role.value,
        agencies=named,
        token_hash=token_hash(secret),
        created_at=now,
        expires_at=now + life,
    )
    use = ApiTokenUse(token_id=token.id)
    session.add_all([token, use])
    access.record(session, AccessKind.ROLE_GRANTED, None, now=now, token=str(token.id), role=role.value, agencies=named)
    return secret


async def list_tokens(
    session: Session, actor: Principal, after: UUID | None, limit: int
) -> list[tuple[ApiToken, datetime | None]]:
    """Return tokens with when they were last used, newest first."""
    _require(actor, Permission.TOKEN_READ)
    return await queries.list_tokens(session, after, limit)


async def revoke(session: Session, actor: Principal, token_id: UUID, *, now: datetime) -> None:
    """End a token and, with it, the secret before its last rotation. Raises `NotFound`."""
    _require(actor)
    token = await queries.lock_token(session, token_id)
    if token is None:
        raise NotFound
    if token.revoked_at is None:
        token.revoked_at = now
        access.record(session, AccessKind.TOKEN_REVOKED, actor, now=now, token=str(token_id))


async def rotate(session: Session, actor: Principal, token_id: UUID, *, now: datetime) -> tuple[ApiToken, str]:
    """Give a token a new secret; the one it had opens for another day, the one before that at once no more.

    It stays the same token: name, role, scope, expiry and id, so that nobody becomes somebody else by rotating. Raises `NotFound`,
    `TokenOver`.
    """
    _require(actor)
    token = await queries.lock_token(session, token_id)
    if token is None:
        raise NotFound
    if token.revoked_at is not None or token.expires_at < now:
        raise TokenOver
    secret = new_api_token()
    token.previous_hash, token.previous_until = token.token_hash, min(now + OVERLAP, token.expires_at)
    token.token_hash = token_hash(secret)
    access.record(session, AccessKind.TOKEN_ROTATED, actor, now=now, token=str(token_id))
    return token, secret


def _require(actor: Principal, permission: Permission = Permission.TOKEN_CREATE) -> None:
    actor.require(permission)
    if not actor.scope.everything:
        raise NotPermitted(permission=permission.value)
