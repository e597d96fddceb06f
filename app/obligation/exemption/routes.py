"""Exemptions and deferrals over the API."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import File, Form, Query, Request, Response, UploadFile

from app.core.blobs import BlobStore
from app.core.clock import local_day
from app.core.db import Session
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, read_upload, resources
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.routing import Router
from app.obligation.exemption import ending, service
from app.obligation.exemption.evidence import SUFFIXES
from app.obligation.exemption.schemas import (
    PRINTABLE,
    EvidenceRead,
    ExemptionDecision,
    ExemptionKind,
    ExemptionRead,
    ExemptionState,
    ExemptionWithdrawn,
)
from app.obligation.models import Exemption
from app.transparency.record import LogIdentity

router = Router(tags=["obligations"])
_HIDDEN = {"reason", "decision_reason", "ended_reason"}


@router.post("/obligations/{obligation_id}/exemption", status_code=201)
async def request_exemption(
    obligation_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    reason: Annotated[str, Form(min_length=5, max_length=1000, pattern=PRINTABLE)],
    evidence: Annotated[UploadFile, File(description="PDF, JPEG or PNG")],
    kind: Annotated[ExemptionKind, Form()] = "exempt",
    until: Annotated[date | None, Form(description="The last day of a deferral.")] = None,
    whole: Annotated[bool, Form(description="Everything the person owes in the round, not this text only.")] = False,
) -> ExemptionRead:
    """Ask that a person need not sign; it takes effect when somebody else approves it. Asking the same again is no error."""
    held, now = resources(request), clock.now()
    data = await read_upload(evidence, settings.limits.evidence_mb)
    asked = service.Asked(kind, until, reason, data, whole)
    blobs: BlobStore = held.get(BlobStore)  # type: ignore[type-abstract]
    today = local_day(now, settings.service.timezone)
    made = await service.request(
        session, actor, held.get(LogIdentity), blobs, obligation_id, asked, today=today, now=now
    )
    return (await _read(session, actor, [made]))[0]


@router.delete("/obligations/{obligation_id}/exemption")
async def withdraw_exemption(
    obligation_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    reason: Annotated[str, Query(max_length=1000, pattern=r"^[^\x00]*$")] = "",
) -> ExemptionWithdrawn:
    """Take an exemption, or the request for one, back: the pledge is owed again."""
    log, now = resources(request).get(LogIdentity), clock.now()
    today = local_day(now, settings.service.timezone)
    owed, ended = await ending.withdraw(session, actor, log, obligation_id, reason, today=today, now=now)
    told = (await _read(session, actor, [ended]))[0] if ended else None
    return ExemptionWithdrawn(obligation_id=owed.id, state=owed.state, exemption=told)


@router.get("/rounds/{round_id}/exemptions")
async def list_exemptions(
    round_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    state: ExemptionState | None = None,
    kind: ExemptionKind | None = None,
    opd: UUID | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[ExemptionRead]:
    """List exemptions of a round, the newest first."""
    parts = decode_cursor(cursor, 1)
    before = uuid_part(parts[0]) if parts else None
    found = await service.list_exemptions(
        session, actor, round_id, limit + 1, state=state, kind=kind, agency_id=opd, before=before
    )
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return await _read(session, actor, found)


@router.get("/exemptions/{exemption_id}")
async def read_exemption(exemption_id: UUID, session: SessionDep, actor: ActorDep) -> ExemptionRead:
    """Read an exemption."""
    return (await _read(session, actor, [await service.get(session, actor, exemption_id)]))[0]


@router.post("/exemptions/{exemption_id}/decision")
async def decide_exemption(
    exemption_id: UUID,
    body: ExemptionDecision,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> ExemptionRead:
    """Approve or refuse: never by who asked for it."""
    log, now = resources(request).get(LogIdentity), clock.now()
    today = local_day(now, settings.service.timezone)
    made = await service.decide(session, actor, log, exemption_id, body, today=today, now=now)
    return (await _read(session, actor, [made]))[0]


@router.get(
    "/exemptions/{exemption_id}/evidence",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in SUFFIXES}}},
)
async def read_evidence(exemption_id: UUID, request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """Download the evidence."""
    blobs: BlobStore = resources(request).get(BlobStore)  # type: ignore[type-abstract]
    media_type, data = await service.read_evidence(session, actor, blobs, exemption_id)
    headers = {
        "Content-Disposition": f'attachment; filename="bukti-{exemption_id}.{SUFFIXES[media_type]}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type=media_type, headers=headers)


async def _read(session: Session, actor: Principal, found: Sequence[Exemption]) -> list[ExemptionRead]:
    """Show exemptions as the caller may see them: reasons only to who sees the whole NIP."""
    names = await service.names_of(session, list(found))
    whole = actor.may(Permission.NIP_READ)
    shown = []
    for one in found:
        fields = {
            field: getattr(one, field)
            for field in ExemptionRead.model_fields
            if field not in {"name", "evidence", *_HIDDEN}
        }
        hidden = {field: getattr(one, field) if whole else None for field in _HIDDEN}
        evidence = EvidenceRead(media_type=one.evidence_type, size=one.evidence_size, sha256=one.evidence_sha256)
        shown.append(ExemptionRead(**fields, **hidden, name=names[one.employee_id], evidence=evidence))
    return shown
