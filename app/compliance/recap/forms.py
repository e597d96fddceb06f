"""The recap as a file to keep, by the name of its form."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Response

from app.compliance.recap import delimited, service, workbook
from app.compliance.recap.printed import RecapPrinter
from app.compliance.recap.schemas import RecapRead
from app.core.db import Session
from app.core.principal import Principal

WRITERS: dict[str, Callable[[RecapRead, str], bytes]] = {"csv": delimited.write, "xlsx": workbook.write}
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def file(recap: RecapRead, form: str, language: str = "id") -> Response:
    """Return a recap as a download; its name says of what day it is. Written beside the event loop: a workbook takes a while."""
    return attachment(await asyncio.to_thread(WRITERS[form], recap, language), recap, form)


async def printed(
    session: Session,
    actor: Principal,
    printer: RecapPrinter,
    round_id: UUID,
    *,
    as_of: datetime | None = None,
    annex: UUID | None = None,
    now: datetime,
) -> Response:
    """Return the sealed PDF as a download."""
    recap = await service.for_print(session, actor, round_id, printer.settings, as_of=as_of, annex=annex, now=now)
    return attachment(await asyncio.to_thread(printer.write, recap, actor.scope.agencies), recap, "pdf")


def attachment(data: bytes, recap: RecapRead, form: str) -> Response:
    """Return a file's bytes as a download."""
    day = recap.as_of or recap.computed_at
    name = f"rekapitulasi-{day.astimezone(ZoneInfo(recap.zone)):%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(data, media_type=MEDIA_TYPES[form], headers=headers)
