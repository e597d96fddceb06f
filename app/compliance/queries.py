"""SQL of the figures: folded cells and what waits in the queue, read in one statement; never a count over people."""

import hashlib
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Executable,
    Integer,
    String,
    Subquery,
    Uuid,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
)

from app.compliance.figure import Figured, Row, Standing
from app.compliance.models import (
    ComplianceCell,
    ComplianceChange,
    ComplianceCheckpoint,
    ComplianceDelta,
    ComplianceHead,
    ComplianceHour,
    ComplianceTree,
)
from app.compliance.statements import BUILD, CHECKPOINT, FOLD, PEOPLE_AT_ODDS, REDATE, VERIFY
from app.core.db import Session, take_turn
from app.core.prepared import Statement
from app.core.principal import Scope
from app.document.models import READY_FOR_SEAL, Document
from app.obligation.models import STATES
from app.opd.models import Unit
from app.pledge.models import PledgeRound
from app.transparency.models import LogPending

ROUND, AT = bindparam("round", type_=Uuid()), bindparam("at", type_=DateTime(timezone=True))
CHECKPOINT_EVERY = 20_000
COUNTED_STATUSES = ("open", "closed")


async def standing(session: Session, round_id: UUID) -> Standing:
    """Return how far a round's counters are; `closed_at` is None when it was never counted."""
    ((folded, waiting, closed_at, tree),) = await _standing().rows(session, round=round_id)
    return Standing(folded or 0, waiting, closed_at, tree)


@cache
def _standing() -> Statement:
    waiting = select(func.count()).where(ComplianceDelta.round_id == ROUND).scalar_subquery()
    head = select(ComplianceHead.folded, ComplianceHead.closed_at).where(ComplianceHead.round_id == ROUND).subquery()
    statement = select(head.c.folded, waiting, head.c.closed_at, ComplianceTree.version).select_from(ComplianceTree)
    return Statement(statement.outerjoin(head, literal(value=True)))


async def live_figures(
    session: Session, round_id: UUID, dimension: str, scope: Scope, agency_id: UUID | None
) -> Figured:
    """Return the figures at this moment's snapshot, however far behind the fold is."""
    statement = _statement(dimension, past_=False, scoped=not scope.everything, narrowed=agency_id is not None)
    found = await session.execute(statement, {"round": round_id, "agencies": scope.agencies, "agency": agency_id})
    return _figured(found)


async def past_figures(
    session: Session, round_id: UUID, dimension: str, scope: Scope, agency_id: UUID | None, at: datetime
) -> Figured:
    """Return the figures of a closed instant: the newest checkpoint before it and the changes since."""
    statement = _statement(dimension, past_=True, scoped=not scope.everything, narrowed=agency_id is not None)
    values = {"round": round_id, "agencies": scope.agencies, "agency": agency_id, "at": at}
    return _figured(await session.execute(statement, values))


async def first_checkpoint(session: Session, round_id: UUID) -> datetime | None:
    """Return the earliest instant a round's figures are known for."""
    statement = select(func.min(ComplianceCheckpoint.at)).where(
        ComplianceCheckpoint.round_id == round_id, ComplianceCheckpoint.dimension == "opd"
    )
    found: datetime | None = (await session.execute(statement)).scalar()
    return found


async def trend(
    session: Session, round_id: UUID, unit: str, zone: str, scope: Scope, agency_id: UUID | None, now: datetime
) -> list[tuple[datetime, int]]:
    """Return (start of the hour or day in the zone, people who became signed in it), oldest first; queued ones are counted as of now."""
    inside = (not scope.everything, agency_id is not None)
    hours = select(ComplianceHour.hour.label("at"), ComplianceHour.signed.label("signed")).where(
        ComplianceHour.round_id == ROUND, *_inside(ComplianceHour, inside)
    )
    queued = select(cast(literal(now), DateTime(timezone=True)), ComplianceDelta.signed).where(
        ComplianceDelta.round_id == ROUND,
        ComplianceDelta.pledge == "",
        ComplianceDelta.signed != 0,
        *_inside(ComplianceDelta, inside),
    )
    both = union_all(hours, queued).subquery()
    start = func.date_trunc(unit, both.c.at, zone)
    statement = select(start, cast(func.sum(both.c.signed), Integer)).group_by(start).order_by(start)
    values = {"round": round_id, "agencies": scope.agencies, "agency": agency_id}
    return [(at, signed) for at, signed in await session.execute(statement, values)]


async def list_open(session: Session, limit: int) -> list[PledgeRound]:
    """Return the newest open rounds."""
    statement = select(PledgeRound).where(PledgeRound.status == "open").order_by(PledgeRound.id.desc()).limit(limit)
    return list((await session.execute(statement)).scalars())


def _inside(table: Any, inside: tuple[bool, bool]) -> list[ColumnElement[bool]]:
    """Conditions of a caller who sees some agencies only, and of one who asks for one of them."""
    scoped, narrowed = inside
    conditions: list[ColumnElement[bool]] = []
    if scoped:
        conditions.append(table.agency_id.in_(bindparam("agencies", expanding=True)))
    if narrowed:
        conditions.append(table.agency_id == bindparam("agency"))
    return conditions


def _counts(table: Any) -> list[ColumnElement[int]]:
    return [getattr(table, state) for state in STATES]


def _key_of(table: Any, dimension: str) -> ColumnElement[str]:
    """The key a row of the queue or of the log of changes has in a dimension."""
    if dimension == "opd":
        return literal("").label("key")
    column: ColumnElement[Any] = getattr(table, "unit_id" if dimension == "unit" else dimension)
    return cast(column, String).label("key")


def _of_dimension(table: Any, dimension: str) -> ColumnElement[bool]:
    """Rows that count people have no pledge; rows that count pledges have one."""
    condition: ColumnElement[bool] = table.pledge != "" if dimension == "pledge" else table.pledge == ""
    return condition


def visible(dimension: str, inside: tuple[bool, bool]) -> Subquery:
    """Return the rows of a dimension that make up this moment: what is folded, and what waits."""
    cells = select(
        ComplianceCell.agency_id, ComplianceCell.key, *_counts(ComplianceCell), ComplianceCell.last_signed_at
    ).where(
        ComplianceCell.round_id == ROUND,
        ComplianceCell.dimension == dimension,
        *_inside(ComplianceCell, inside),
    )
    queue = select(
        ComplianceDelta.agency_id,
        _key_of(ComplianceDelta, dimension),
        *_counts(ComplianceDelta),
        ComplianceDelta.signed_at,
    ).where(
        ComplianceDelta.round_id == ROUND,
        _of_dimension(ComplianceDelta, dimension),
        *_inside(ComplianceDelta, inside),
    )
    return union_all(cells, queue).subquery()


def past(dimension: str, inside: tuple[bool, bool]) -> Subquery:
    """Return the rows that make up a closed instant: the newest checkpoint before it, and the changes since."""
    kept = (ComplianceCheckpoint.round_id == ROUND, ComplianceCheckpoint.dimension == dimension)
    newest = select(func.max(ComplianceCheckpoint.at)).where(*kept, ComplianceCheckpoint.at <= AT).scalar_subquery()
    never = cast(null(), DateTime(timezone=True)).label("last_signed_at")
    start = select(
        ComplianceCheckpoint.agency_id, ComplianceCheckpoint.key, *_counts(ComplianceCheckpoint), never
    ).where(*kept, ComplianceCheckpoint.at == newest, *_inside(ComplianceCheckpoint, inside))
    since = select(
        ComplianceChange.agency_id, _key_of(ComplianceChange, dimension), *_counts(ComplianceChange), never
    ).where(
        ComplianceChange.round_id == ROUND,
        ComplianceChange.at > newest,
        ComplianceChange.at <= AT,
        _of_dimension(ComplianceChange, dimension),
        *_inside(ComplianceChange, inside),
    )
    return union_all(start, since).subquery()


def _summed(rows: Subquery, group: ColumnElement[str]) -> Subquery:
    """Sums by state, as int: PostgreSQL makes the sum of bigints a numeric, which is slower all the way."""
    sums = [cast(func.sum(rows.c[state]), Integer).label(state) for state in STATES]
    last = func.max(rows.c.last_signed_at).label("last_signed_at")
    return select(group.label("id"), *sums, last).group_by(group).subquery()


def _version() -> list[ColumnElement[Any]]:
    """How far the register is in this very snapshot: what a body is named by must not be older than the body."""
    waiting = select(func.count()).where(ComplianceDelta.round_id == ROUND).scalar_subquery()
    folded = select(ComplianceHead.folded).where(ComplianceHead.round_id == ROUND).scalar_subquery()
    tree = select(ComplianceTree.version).scalar_subquery()
    return [(func.coalesce(folded, 0) + waiting).label("visible"), tree.label("tree")]


@cache
def _statement(dimension: str, *, past_: bool, scoped: bool, narrowed: bool) -> Executable:
    """The statement of a dimension, made once: making it anew takes longer than PostgreSQL needs to answer it."""
    source = past if past_ else visible
    rows = source(dimension, (scoped, narrowed))
    summed = _summed(rows, cast(rows.c.agency_id, String) if dimension == "opd" else rows.c.key)
    columns = [*(summed.c[state] for state in STATES), summed.c.last_signed_at, *_version()]
    if dimension in {"opd", "unit"}:
        named = select(summed.c.id, Unit.name, *columns).join(Unit, Unit.id == cast(summed.c.id, Uuid))
        return named.order_by(Unit.position, summed.c.id)
    groups = select(summed.c.id, summed.c.id.label("name"), *columns)
    if dimension != "pledge":
        return groups.order_by(summed.c.id)
    # people are not the sum of their pledges: their total stands beside them, without an id
    people = _summed(source("opd", (scoped, narrowed)), cast(null(), String))
    whole = select(people.c.id, people.c.id, *(people.c[s] for s in STATES), people.c.last_signed_at, *_version())
    return union_all(groups, whole).order_by("id")


def _figured(found: Any) -> Figured:
    size, total = len(STATES), None
    groups: list[Row] = []
    version = None
    for row in found:
        counts, version = dict(zip(STATES, row[2 : 2 + size], strict=True)), (row.visible, row.tree)
        if row[0] is None:
            total = counts
        else:
            groups.append(Row(row[0], row[1], counts, row[2 + size]))
    return Figured(groups, total or {state: sum(row.counts[state] for row in groups) for state in STATES}, version)


async def take_round(session: Session, round_id: UUID) -> None:
    """Wait for a round's turn: one transaction at a time folds, builds or repairs its counters."""
    await take_turn(session, _turn(round_id))


async def try_round(session: Session, round_id: UUID) -> bool:
    """Take a round's turn if nobody has it."""
    taken = await session.execute(select(func.pg_try_advisory_xact_lock(_turn(round_id))))
    return bool(taken.scalar_one())


def _turn(round_id: UUID) -> int:
    return int.from_bytes(hashlib.sha256(b"compliance" + round_id.bytes).digest()[:8], signed=True)


async def fold(session: Session, round_id: UUID, now: datetime) -> None:
    """Move what waits into the cells, stamped with the time the register knew it, and close that instant."""
    parameters = {"round": round_id, "now": now}
    row = (await session.execute(text(FOLD), parameters)).one_or_none()
    if row is None:
        return
    if row.voided:
        await session.execute(text(REDATE), {"round": round_id, "agencies": row.voided})
    if row.folded - row.checkpointed >= CHECKPOINT_EVERY:
        await session.execute(text(CHECKPOINT), parameters)


async def build(session: Session, round_id: UUID, opened_at: datetime | None, now: datetime) -> None:
    """Count a round anew from its rows; the queue stays, and so does the past."""
    parameters = {"round": round_id, "now": now, "opened": opened_at, "agencies": None}
    await session.execute(text(BUILD), parameters)


async def verify(session: Session, round_id: UUID) -> tuple[int, int]:
    """Return how many groups were compared with a recount in one snapshot, and how many differ."""
    row = (await session.execute(text(VERIFY), {"round": round_id, "agencies": None})).one()
    return row[0], row[1]


async def people_at_odds(session: Session, round_id: UUID) -> int:
    """Return how many people's rows do not say what their obligations say."""
    found: int = (await session.execute(text(PEOPLE_AT_ODDS), {"round": round_id})).scalar_one()
    return found


async def list_rounds(session: Session, *, due: bool) -> list[PledgeRound]:
    """Return the rounds that have figures; `due`: only those with changes that wait, or that were never counted."""
    statement = select(PledgeRound).where(PledgeRound.status.in_(COUNTED_STATUSES)).order_by(PledgeRound.id)
    if due:
        waiting = select(ComplianceDelta.id).where(ComplianceDelta.round_id == PledgeRound.id).exists()
        counted = select(ComplianceHead.round_id).where(ComplianceHead.round_id == PledgeRound.id).exists()
        statement = statement.where(or_(waiting, ~counted))
    return list((await session.execute(statement)).scalars())


async def waiting(session: Session) -> tuple[int, datetime | None, int]:
    """Return how many signed documents wait for their seal, since when the oldest does, and how many facts wait for the log."""
    facts = select(func.count()).select_from(LogPending).scalar_subquery()
    statement = select(func.count(), func.min(Document.signed_at), facts).where(text(READY_FOR_SEAL))
    row = (await session.execute(statement)).one()
    return row[0], row[1], row[2]
