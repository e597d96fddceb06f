"""Access to what is kept about a person, requests for correction, and deletion in time."""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.asn import queries as people
from app.asn.errors import RequestDecided, TooManyCorrections
from app.asn.history.service import get_visible
from app.asn.models import DataRequest, Employee
from app.asn.personal import queries
from app.asn.personal.schemas import CorrectionCreate, CorrectionDecide
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal, Scope
from app.core.settings import RetentionSettings
from app.core.texts import text
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

MOST_OPEN = 10


async def own_data(session: Session, actor: Principal, log: LogIdentity) -> dict[str, Any]:
    """Return everything kept about the caller, by table."""
    return await _told(session, log, actor.require_employee())


async def data_on_behalf(
    session: Session, actor: Principal, log: LogIdentity, employee_id: UUID, *, now: datetime
) -> dict[str, Any]:
    """Return everything kept about somebody who asked the office for it; that it was looked at is logged."""
    actor.require(Permission.PERSONAL_DATA)
    await get_visible(session, actor, employee_id)
    digest = hashlib.sha256(employee_id.bytes).digest()
    entry = transparency.Entry(Fact.PERSONAL_DATA_READ, employee_id, digest, now, actor.id)
    await transparency.record(session, log, [entry])
    return await _told(session, log, employee_id)


async def _told(session: Session, log: LogIdentity, employee_id: UUID) -> dict[str, Any]:
    kept = await queries.everything_about(session, employee_id)
    return {"employee_id": employee_id, "log_pseudonym": log.pseudonym(employee_id), "kept": kept}


def as_text(told: dict[str, Any], language: str, at: datetime) -> str:
    """Return the same for people to read: a heading a table, a line a value."""
    lines = [text("personal.title", language), text("personal.made_at", language, at=f"{at:%Y-%m-%d %H:%M} UTC")]
    lines += [text("personal.basis", language)]
    lines += [text("personal.pseudonym", language, pseudonym=told["log_pseudonym"])]
    for table, rows in told["kept"].items():
        key = f"personal.table.{table}"
        title = text(key, language)
        lines += ["", f"{table if title == key else title} ({len(rows)})"]
        for number, row in enumerate(rows, start=1):
            lines += [f"  {number}."]
            lines += [
                f"     {name}: {_line(value, language)}" for name, value in row.items() if value not in (None, "")
            ]
    return "\n".join(lines) + "\n"


def _line(value: Any, language: str) -> str:
    if value == queries.NOT_SHOWN:
        return text("personal.not_shown", language)
    return " ".join(str(value).split())


async def ask_correction(
    session: Session, actor: Principal, body: CorrectionCreate, *, now: datetime
) -> tuple[DataRequest, Employee]:
    """Take in that the caller says something about them is wrong; raises `TooManyCorrections`."""
    employee_id = actor.require_employee()
    person = await people.find_by_id(session, employee_id)
    if person is None:
        raise NotFound
    if (waiting := await queries.count_open(session, employee_id)) >= MOST_OPEN:
        raise TooManyCorrections(open=waiting)
    request = DataRequest(
        id=new_id(),
        employee_id=employee_id,
        field=body.field,
        message=body.message,
        state="open",
        answer="",
        created_at=now,
    )
    session.add(request)
    await session.flush()
    return request, person


async def list_own(
    session: Session, actor: Principal, after: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[DataRequest, Employee]]:
    """Return the caller's own requests, the oldest first."""
    return await queries.list_requests(
        session, Scope(), employee_id=actor.require_employee(), state=None, after=after, limit=limit
    )


async def list_requests(
    session: Session, actor: Principal, state: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[DataRequest, Employee]]:
    """Return requests of people inside the caller's scope, the oldest first."""
    actor.require(Permission.PERSONAL_DATA)
    return await queries.list_requests(session, actor.scope, employee_id=None, state=state, after=after, limit=limit)


async def decide(
    session: Session, actor: Principal, request_id: UUID, body: CorrectionDecide, *, now: datetime
) -> tuple[DataRequest, Employee]:
    """Answer a request, with the reason. What is corrected is corrected on its own, by PATCH or an import.

    Raises `NotFound`, `RequestDecided`.
    """
    actor.require(Permission.PERSONAL_DATA)
    request = await queries.find_request(session, actor.scope, request_id)
    if request is None:
        raise NotFound
    if request.state != "open":
        raise RequestDecided
    request.state, request.answer = body.state, body.reason
    request.decided_at, request.decided_by = now, actor.id
    await session.flush()
    person = await people.find_by_id(session, request.employee_id)
    if person is None:
        raise NotFound
    return request, person


async def delete_expired(session: Session, settings: RetentionSettings, *, now: datetime) -> dict[str, int]:
    """Delete what is kept no longer than the settings say; return how many rows of which table."""
    before = {
        "staged_before": now - timedelta(days=settings.staged_days),
        "left_before": now - timedelta(days=settings.left_days),
        "login_before": now - timedelta(days=settings.login_days),
        "answered_before": now - timedelta(days=settings.request_days),
    }
    return await queries.delete_expired(session, before)
