"""Make, list, revoke and open recap links. Opened, one shows what the `dashboard` role sees: aggregates, small agencies merged."""

from datetime import datetime, timedelta
from uuid import UUID

from app.compliance.models import RecapLink
from app.compliance.recap import service as recap
from app.compliance.recap.links import queries
from app.compliance.recap.links.schemas import LinkCreate
from app.compliance.recap.schemas import RecapRead
from app.core.confinement import confine
from app.core.db import Session
from app.core.errors import NotFound, NotPermitted
from app.core.ids import new_id
from app.core.permission import Permission, Role
from app.core.principal import Principal, Scope
from app.core.secrets import new_token, token_hash
from app.core.settings import ServiceSettings
from app.pledge import service as pledge

PREFIX = "pakta_recap_"


async def create(
    session: Session, actor: Principal, round_id: UUID, wanted: LinkCreate, *, now: datetime
) -> tuple[RecapLink, str]:
    """Make a link; return it with its token, of which only the hash is kept."""
    _require(actor)
    await pledge.get_round(session, round_id)
    token = new_token(PREFIX)
    link = RecapLink(
        id=new_id(),
        round_id=round_id,
        name=wanted.name,
        token_hash=token_hash(token),
        created_at=now,
        created_by=actor.id,
        expires_at=now + timedelta(days=wanted.days),
    )
    session.add(link)
    await session.flush()
    return link, token


async def list_links(session: Session, actor: Principal, round_id: UUID, after: UUID, limit: int) -> list[RecapLink]:
    """Return a round's links."""
    _require(actor, Permission.TOKEN_READ)
    await pledge.get_round(session, round_id)
    return await queries.list_links(session, round_id, after, limit)


async def revoke(session: Session, actor: Principal, round_id: UUID, link_id: UUID, *, now: datetime) -> None:
    """Close a link at once; revoking twice changes nothing."""
    _require(actor)
    link = await queries.lock(session, round_id, link_id)
    if link is None:
        raise NotFound
    link.revoked_at = link.revoked_at or now
    await session.flush()


async def open_link(session: Session, token: str, settings: ServiceSettings, *, now: datetime) -> RecapRead:
    """Return the recap a token opens; one that is unknown, over or revoked is answered alike."""
    link = await queries.find(session, token_hash(token))
    if link is None or link.revoked_at is not None or link.expires_at <= now:
        raise NotFound
    outsider = Principal(link.id, Role.DASHBOARD, Scope())
    await confine(session, outsider)
    return await recap.recap(session, outsider, link.round_id, settings, now=now)


def _require(actor: Principal, permission: Permission = Permission.TOKEN_CREATE) -> None:
    actor.require(permission)
    if not actor.scope.everything:
        raise NotPermitted(permission=permission.value)
