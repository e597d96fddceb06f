"""SQL of countersigning."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, text, tuple_, update
from sqlalchemy.orm import aliased

from app.core.db import Session
from app.core.principal import Scope
from app.countersigner.models import Countersigner
from app.document.countersigning.waiting import Office, Stuck, Waiting
from app.document.models import Document
from app.obligation.models import Participant

_WAITS = text("document.state = 'signed' AND document.countersign_agency_id IS NOT NULL")
_OPEN = Document.seal_refused.is_(None)
_PERSON = and_(Participant.round_id == Document.round_id, Participant.employee_id == Document.employee_id)


def _mine(employee_id: UUID, offices: Sequence[Office]) -> Select[Any]:
    """Documents that somebody may take note of: of their agencies, not their own, and naming nobody else."""
    printed = select(Countersigner.id).where(Countersigner.employee_id == employee_id)
    return (
        select(Document, Participant.name, Participant.nip, Participant.printed["unit"].astext)
        .join(Participant, _PERSON)
        .where(
            _WAITS,
            _OPEN,
            tuple_(Document.round_id, Document.countersign_agency_id).in_(offices),
            Document.employee_id != employee_id,
            or_(Document.countersigner_id.is_(None), Document.countersigner_id.in_(printed)),
        )
        .order_by(Document.id)
    )


async def list_waiting(
    session: Session,
    employee_id: UUID,
    offices: Sequence[Office],
    *,
    left_out: bool | None,
    after: UUID | None,
    limit: int,
) -> list[Waiting]:
    """Return what waits for somebody's note, oldest first; `left_out` narrows to what was left out, or was not."""
    statement = _mine(employee_id, offices)
    if left_out is not None:
        statement = statement.where(Document.left_out_at.is_not(None) if left_out else Document.left_out_at.is_(None))
    if after is not None:
        statement = statement.where(Document.id > after)
    return [Waiting(*row) for row in await session.execute(statement.limit(limit))]


async def take_waiting(
    session: Session, employee_id: UUID, offices: Sequence[Office], ids: Sequence[UUID]
) -> list[Waiting]:
    """Lock those of the documents that wait for somebody's note, as they now stand."""
    statement = _mine(employee_id, offices).where(Document.id.in_(ids)).with_for_update(of=Document)
    found = await session.execute(statement.execution_options(populate_existing=True))
    return [Waiting(*row) for row in found]


async def list_names(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return whose the documents are."""
    statement = select(Document.id, Participant.name).join(Participant, _PERSON).where(Document.id.in_(ids))
    return {row.id: row.name for row in await session.execute(statement)}


async def leave_out(session: Session, ids: Sequence[UUID], reason: str, at: datetime) -> None:
    """Write down that an official will not sign these."""
    await session.execute(update(Document).where(Document.id.in_(ids)).values(left_out_at=at, left_out_reason=reason))


async def list_stuck(
    session: Session,
    round_id: UUID,
    scope: Scope,
    *,
    today: date,
    unsigned_since: datetime,
    unsealed_since: datetime,
    after: UUID | None,
    limit: int,
) -> list[Stuck]:
    """Return what does not get on by itself, or waits since longer ago than the instants given, in the order of ids."""
    live, printed = aliased(Countersigner), aliased(Countersigner)
    since = func.coalesce(Document.left_out_at, Document.countersigned_at, Document.signed_at)
    cause = _cause(live, printed, today)
    late = or_(
        and_(cause == "countersigner.waiting", since < unsigned_since),
        and_(cause == "seal.waiting", since < unsealed_since),
        cause.not_in(["countersigner.waiting", "seal.waiting"]),
    )
    statement = _unsealed(live, printed, cause, since).where(Document.round_id == round_id, late).limit(limit)
    if scope.agencies is not None:
        statement = statement.where(Document.agency_id.in_(scope.agencies))
    if after is not None:
        statement = statement.where(Document.id > after)
    return [Stuck(*row) for row in await session.execute(statement)]


def _unsealed(
    live: type[Countersigner], printed: type[Countersigner], cause: ColumnElement[str], since: ColumnElement[Any]
) -> Select[Any]:
    """Signed documents without their seal, with who takes note of them now and whom they print."""
    office = and_(
        live.round_id == Document.round_id,
        live.agency_id == Document.countersign_agency_id,
        live.superseded_at.is_(None),
    )
    fields = (Document.id, Document.agency_id, Document.employee_id, Participant.name, Document.pledge, Document.state)
    return (
        select(*fields, cause, since, func.coalesce(Document.seal_refused, Document.left_out_reason))
        .join(Participant, _PERSON)
        .outerjoin(live, office)
        .outerjoin(printed, printed.id == Document.countersigner_id)
        .where(text("document.state IN ('signed', 'countersigned') AND document.provider <> 'wet_scan'"))
        .order_by(Document.id)
    )


def _cause(live: type[Countersigner], printed: type[Countersigner], today: date) -> ColumnElement[str]:
    """Why a document is not sealed yet; the first that fits."""
    over = or_(live.valid_from > today, live.valid_to < today)
    return case(
        (Document.seal_refused.is_not(None), literal("seal.refused")),
        (text(f"NOT ({_WAITS.text})"), literal("seal.waiting")),
        (Document.left_out_at.is_not(None), literal("left_out")),
        (live.id.is_(None), literal("countersigner.missing")),
        (over, literal("countersigner.mandate_over")),
        (live.employee_id == Document.employee_id, literal("countersigner.own")),
        (printed.employee_id != live.employee_id, literal("countersigner.changed")),
        else_=literal("countersigner.waiting"),
    )
