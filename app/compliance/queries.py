"""SQL of the figures: folded cells and what waits in the queue, read in one statement; never a count over people."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    String,
    Subquery,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from app.compliance.figure import Figured, Row
from app.compliance.models import (
    ComplianceCell,
    ComplianceChange,
    ComplianceCheckpoint,
    ComplianceDelta,
    ComplianceHead,
    ComplianceHour,
    ComplianceTree,
)
from app.core.alone import Rows
from app.core.db import Session
from app.core.prepared import Statement
from app.core.principal import Scope
from app.obligation.models import STATES
from app.opd.models import Unit
from app.pledge.models import PledgeRound

ROUND, AT = bindparam("round", type_=Uuid()), bindparam("at", type_=DateTime(timezone=True))


async def live_figures(
    session: Session, round_id: UUID, dimension: str, scope: Scope, agency_id: UUID | None
) -> Figured:
    """Return the figures at this moment's snapshot, however far behind the fold is."""
    statement = _statement(dimension, past_=False, scoped=not scope.everything, narrowed=agency_id is not None)
    return _figured(await statement.rows(session, **within(round_id, scope, agency_id)))


async def past_figures(
    session: Session, round_id: UUID, dimension: str, scope: Scope, agency_id: UUID | None, at: datetime
) -> Figured:
    """Return the figures of a closed instant: the newest checkpoint before it and the changes since."""
    statement = _statement(dimension, past_=True, scoped=not scope.everything, narrowed=agency_id is not None)
    return _figured(await statement.rows(session, **within(round_id, scope, agency_id), at=at))


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
    statement = _trend(scoped=not scope.everything, narrowed=agency_id is not None)
    given = within(round_id, scope, agency_id) | {"unit": unit, "zone": zone, "now": now}
    return [(at, signed) for at, signed in await statement.rows(session, **given)]


@cache
def _trend(*, scoped: bool, narrowed: bool) -> Statement:
    inside = (scoped, narrowed)
    hours = select(ComplianceHour.hour.label("at"), ComplianceHour.signed.label("signed")).where(
        ComplianceHour.round_id == ROUND, *_inside(ComplianceHour, inside)
    )
    queued = select(bindparam("now", type_=DateTime(timezone=True)), ComplianceDelta.signed).where(
        ComplianceDelta.round_id == ROUND,
        ComplianceDelta.pledge == "",
        ComplianceDelta.signed != 0,
        *_inside(ComplianceDelta, inside),
    )
    both = union_all(hours, queued).subquery()
    start = func.date_trunc(bindparam("unit", type_=String), both.c.at, bindparam("zone", type_=String))
    counted = select(start, cast(func.sum(both.c.signed), Integer)).group_by(start).order_by(start)
    return Statement(counted, alone=True)


async def list_open(session: Session, limit: int) -> list[PledgeRound]:
    """Return the newest open rounds."""
    statement = select(PledgeRound).where(PledgeRound.status == "open").order_by(PledgeRound.id.desc()).limit(limit)
    return list((await session.execute(statement)).scalars())


def within(round_id: UUID, scope: Scope, agency_id: UUID | None) -> dict[str, Any]:
    """Return the values of a statement over `visible` or `past` rows: which round, seen by whom, narrowed to which agency."""
    return {"round": round_id, "agencies": list(scope.agencies or ()), "agency": agency_id}


def _inside(table: Any, inside: tuple[bool, bool]) -> list[ColumnElement[bool]]:
    """Conditions of a caller who sees some agencies only, and of one who asks for one of them."""
    scoped, narrowed = inside
    conditions: list[ColumnElement[bool]] = []
    if scoped:
        conditions.append(table.agency_id == any_(bindparam("agencies", type_=ARRAY(Uuid))))
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
def _statement(dimension: str, *, past_: bool, scoped: bool, narrowed: bool) -> Statement:
    """The statement of a dimension, made once: making it anew takes longer than PostgreSQL needs to answer it."""
    return Statement(_figures(dimension, past if past_ else visible, (scoped, narrowed)), alone=True)


def _figures(dimension: str, source: Callable[[str, tuple[bool, bool]], Subquery], inside: tuple[bool, bool]) -> Any:
    rows = source(dimension, inside)
    summed = _summed(rows, cast(rows.c.agency_id, String) if dimension == "opd" else rows.c.key)
    columns = [*(summed.c[state] for state in STATES), summed.c.last_signed_at, *_version()]
    if dimension in {"opd", "unit"}:
        named = select(summed.c.id, Unit.name, *columns).join(Unit, Unit.id == cast(summed.c.id, Uuid))
        return named.order_by(Unit.position, summed.c.id)
    groups = select(summed.c.id, summed.c.id.label("name"), *columns)
    if dimension != "pledge":
        return groups.order_by(summed.c.id)
    # people are not the sum of their pledges: their total stands beside them, without an id
    people = _summed(source("opd", inside), cast(null(), String))
    whole = select(people.c.id, people.c.id, *(people.c[s] for s in STATES), people.c.last_signed_at, *_version())
    return union_all(groups, whole).order_by("id")


def _figured(found: Rows) -> Figured:
    rows = [Row(*row[: len(Row._fields)]) for row in found]
    groups = [row for row in rows if row.id is not None]
    whole = rows if len(groups) == len(rows) else [row for row in rows if row.id is None]
    total = {state: sum([getattr(row, state) for row in whole]) for state in STATES}
    return Figured(groups, total, (found[0][-2], found[0][-1]) if found else None)
