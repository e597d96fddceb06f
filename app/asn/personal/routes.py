"""Personal data over the API: the access report, requests for correction, their answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import PlainTextResponse

from app.asn.models import DataRequest, Employee
from app.asn.personal import service
from app.asn.personal.schemas import CorrectionCreate, CorrectionDecide, CorrectionRead, PersonalData, RequestState
from app.core.http import ActorDep, ClockDep, SessionDep, resources
from app.core.paging import CursorInvalid, CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.core.texts import negotiate
from app.transparency.record import LogIdentity

router = Router(tags=["personal data"])
FormatQuery = Annotated[
    Literal["json", "text"], Query(alias="format", description="json for machines, text for people.")
]

AS_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/me/data", response_model=PersonalData, responses=AS_TEXT)
async def read_own_data(
    request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep, *, form: FormatQuery = "json"
) -> PersonalData | Response:
    """Everything this service keeps about you."""
    told = await service.own_data(session, actor, resources(request).get(LogIdentity))
    if form == "json":
        return PersonalData(**told)
    language = negotiate(request.headers.get("accept-language"))
    return PlainTextResponse(service.as_text(told, language, clock.now()))


@router.post("/me/data/corrections", status_code=201)
async def ask_correction(
    body: CorrectionCreate, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> CorrectionRead:
    """Say what is wrong about you, and what would be right."""
    return _read(*await service.ask_correction(session, actor, body, now=clock.now()))


@router.get("/me/data/corrections")
async def list_own_corrections(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> list[CorrectionRead]:
    """List your requests for correction and their answers."""
    return _page(request, response, await service.list_own(session, actor, _mark(cursor), limit + 1), limit)


@router.get("/employees/{employee_id}/data", response_model=PersonalData, responses=AS_TEXT)
async def read_data_on_behalf(
    employee_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    *,
    form: FormatQuery = "json",
) -> PersonalData | Response:
    """Everything kept about a person who asked the office for it; logged."""
    log, now = resources(request).get(LogIdentity), clock.now()
    told = await service.data_on_behalf(session, actor, log, employee_id, now=now)
    if form == "json":
        return PersonalData(**told)
    return PlainTextResponse(service.as_text(told, negotiate(request.headers.get("accept-language")), now))


@router.get("/data-corrections")
async def list_corrections(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    state: RequestState | None = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> list[CorrectionRead]:
    """List requests for correction, the oldest first."""
    found = await service.list_requests(session, actor, state, _mark(cursor), limit + 1)
    return _page(request, response, found, limit)


@router.post("/data-corrections/{request_id}/decision")
async def decide_correction(
    request_id: UUID, body: CorrectionDecide, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> CorrectionRead:
    """Accept or refuse a request for correction, with the reason."""
    return _read(*await service.decide(session, actor, request_id, body, now=clock.now()))


def _page(
    request: Request, response: Response, found: list[tuple[DataRequest, Employee]], limit: int
) -> list[CorrectionRead]:
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1][0].created_at.isoformat(), found[-1][0].id))
    return [_read(one, person) for one, person in found]


def _read(one: DataRequest, person: Employee) -> CorrectionRead:
    values = {name: getattr(one, name) for name in CorrectionRead.model_fields if name != "name"}
    return CorrectionRead(**values, name=person.name)


def _mark(cursor: str | None) -> tuple[datetime, UUID] | None:
    parts = decode_cursor(cursor, 2)
    if parts is None:
        return None
    try:
        return datetime.fromisoformat(parts[0]), uuid_part(parts[1])
    except ValueError:
        raise CursorInvalid from None
