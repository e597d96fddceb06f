"""What officials are told: the figures of an agency or of all, and the recap as files."""

import asyncio
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.compliance import service as compliance
from app.compliance.recap import forms
from app.compliance.recap import service as recaps
from app.core.db import Session
from app.core.mail import Attachment
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.reminder.means import Means


def seen_by(agency_id: UUID | None) -> Principal:
    """Return a caller who sees one agency only, or all: an official is shown no more than that."""
    scope = Scope() if agency_id is None else Scope(frozenset({agency_id}))
    return Principal(UUID(int=0), Role.BKPSDM_ADMIN, scope)


async def figures_of(session: Session, round_id: UUID, agency_id: UUID | None, *, now: datetime) -> dict[str, object]:
    """Return the counts of this moment."""
    found = await compliance.compliance(session, seen_by(agency_id), round_id, "opd", now=now)
    agency = found.groups[0].name if agency_id is not None and found.groups else ""
    return {**found.total.model_dump(), "agency": agency}


async def recap_files(
    session: Session, means: Means, round_id: UUID, agency_id: UUID | None, *, language: str, now: datetime
) -> tuple[Attachment, ...]:
    """Return the recap as sealed PDF and as workbook, of one instant."""
    actor = seen_by(agency_id)
    recap = await recaps.for_print(session, actor, round_id, means.service, now=now)
    printed = await asyncio.to_thread(means.printer.write, recap, actor.scope.agencies)
    sheet = await asyncio.to_thread(forms.WRITERS["xlsx"], recap, language)
    name = f"rekapitulasi-{now.astimezone(ZoneInfo(means.service.timezone)):%Y-%m-%d}"
    return (
        Attachment(f"{name}.pdf", forms.MEDIA_TYPES["pdf"], printed),
        Attachment(f"{name}.xlsx", forms.MEDIA_TYPES["xlsx"], sheet),
    )
