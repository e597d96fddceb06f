"""The recap over the API, in every form."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import AwareDatetime

from app.compliance.recap import forms, service
from app.compliance.recap.printed import RecapPrinter
from app.compliance.recap.schemas import RecapRead
from app.core.db import Session
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, resources
from app.core.principal import Principal
from app.core.routing import Router
from app.core.texts import negotiate
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind

router = Router(prefix="/rounds", tags=["compliance"])

Instant = Annotated[
    AwareDatetime | None, Query(description="An instant since the round opened: the figures the register knew then.")
]
AnnexOf = Annotated[
    UUID | None,
    Query(description="An agency whose people who have not signed are listed by name; a CSV holds that list alone."),
]


async def read_recap(
    round_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    as_of: Instant = None,
    annex: AnnexOf = None,
) -> RecapRead:
    """Return what every form is made from."""
    language = negotiate(request.headers.get("accept-language"))
    now = clock.now()
    found = await service.recap(
        session, actor, round_id, settings.service, as_of=as_of, annex=annex, language=language, now=now
    )
    _note_names(session, actor, round_id, annex, now)
    return found


@router.get("/{round_id}/recap.json")
async def read_json(recap: Annotated[RecapRead, Depends(read_recap)]) -> RecapRead:
    """The official table as data."""
    return recap


@router.get("/{round_id}/recap.csv", response_class=Response)
async def read_csv(recap: Annotated[RecapRead, Depends(read_recap)]) -> Response:
    """The official table as CSV; with `annex`, the list of names."""
    return await forms.file(recap, "csv")


@router.get("/{round_id}/recap.xlsx", response_class=Response)
async def read_xlsx(recap: Annotated[RecapRead, Depends(read_recap)], request: Request) -> Response:
    """The official table as a workbook, with a chart; with `annex`, the list of names on a second sheet."""
    language = negotiate(request.headers.get("accept-language"))
    return await forms.file(recap, "xlsx", language)


@router.get("/{round_id}/recap.pdf", response_class=Response)
async def read_pdf(
    round_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    as_of: Instant = None,
    annex: AnnexOf = None,
) -> Response:
    """The official table as an archival, accessible PDF with the institution's seal; its QR code leads to a check of its figures."""
    printer = resources(request).get(RecapPrinter)
    printed = await forms.printed(session, actor, printer, round_id, as_of=as_of, annex=annex, now=clock.now())
    _note_names(session, actor, round_id, annex, clock.now())
    return printed


def _note_names(session: Session, actor: Principal, round_id: UUID, annex: UUID | None, now: datetime) -> None:
    """A recap with names is an export of personal data, and is written down."""
    if annex is not None:
        opd = str(annex)
        access.record(session, AccessKind.LIST_EXPORTED, actor, now=now, list="recap", round=str(round_id), opd=opd)
