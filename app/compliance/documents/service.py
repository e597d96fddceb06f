"""Finished documents of a round by agency, inside the caller's scope."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.compliance import service
from app.compliance.documents import queries
from app.compliance.documents.schemas import DocumentGroup, DocumentsRead
from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.settings import ServiceSettings


async def read(
    session: Session, actor: Principal, round_id: UUID, *, now: datetime, settings: ServiceSettings
) -> DocumentsRead:
    """Return countersigned and sealed documents by agency; small agencies are merged as in the figures of people."""
    found = await service.compliance(session, actor, round_id, "opd", now=now, smallest=settings.smallest_group)
    counts = {str(key): value for key, value in (await queries.counts(session, round_id, actor.scope)).items()}
    heads: dict[UUID, bool] = {}
    if actor.may(Permission.OBLIGATION_READ):
        today = now.astimezone(ZoneInfo(settings.timezone)).date()
        heads = await queries.heads(session, round_id, today, actor.scope)
    named = {group.id for group in found.groups if group.id}
    merged = [value for key, value in counts.items() if key not in named]
    rest = (sum(one[0] for one in merged), sum(one[1] for one in merged))
    groups = []
    for group in found.groups:
        countersigned, sealed = counts.get(group.id, (0, 0)) if group.id else rest
        head = heads.get(UUID(group.id)) if group.id else None
        groups.append(
            DocumentGroup(id=group.id, name=group.name, countersigned=countersigned, sealed=sealed, head_signed=head)
        )
    return DocumentsRead(
        round_id=round_id,
        computed_at=now,
        countersigned=sum(one.countersigned for one in groups),
        sealed=sum(one.sealed for one in groups),
        groups=groups,
    )


async def verify(session: Session) -> tuple[int, int]:
    """Return how many agencies' counters of documents, over all rounds, were compared with a recount, and how many differ."""
    return await queries.verify(session)


async def repair(session: Session) -> None:
    """Set the counters to what the documents come to."""
    await queries.repair(session)


async def fold(session: Session) -> None:
    """Fold what waits, so that readers never have much to add."""
    await queries.fold(session)
