"""SQL of the figures: an aggregate over the frozen participants. Every person stands in exactly one state, so totals reconcile."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, func, select

from app.core.db import Session
from app.core.principal import Scope
from app.obligation.models import STATES, Obligation, Participant
from app.opd.models import Unit

DIMENSIONS = ("opd", "unit", "employment", "grade", "position_kind", "pledge")


@dataclass(frozen=True, slots=True)
class Row:
    """One group's counts by state."""

    id: str
    name: str
    counts: dict[str, int]
    last_signed_at: datetime | None


async def count_groups(session: Session, round_id: UUID, by: str, scope: Scope, agency_id: UUID | None) -> list[Row]:
    """Return counts for each group of a dimension inside the scope."""
    return await (_by_pledge if by == "pledge" else _by_person)(session, round_id, by, scope, agency_id)


async def count_total(session: Session, round_id: UUID, scope: Scope, agency_id: UUID | None) -> dict[str, int]:
    """Return the people of a round inside the scope by state."""
    statement = select(*_counts(Participant.state.expression)).where(*_where(round_id, scope, agency_id))
    row = (await session.execute(statement)).one()
    return {state: row[i] for i, state in enumerate(STATES)}


async def _by_person(session: Session, round_id: UUID, by: str, scope: Scope, agency_id: UUID | None) -> list[Row]:
    keys: dict[str, tuple[ColumnElement[str], ColumnElement[str]]] = {
        "employment": (Participant.employment.expression, Participant.employment.expression),
        "grade": (Participant.grade.expression, Participant.grade.expression),
        "position_kind": (Participant.position_kind.expression, Participant.position_kind.expression),
    }
    columns = [*_counts(Participant.state.expression), func.max(Participant.signed_at)]
    if by in keys:
        key, name = keys[by]
        statement = select(key, name, *columns).group_by(key).order_by(key)
    else:
        unit_id = Participant.agency_id if by == "opd" else Participant.unit_id
        statement = (
            select(cast(unit_id, String), Unit.name, *columns)
            .join(Unit, Unit.id == unit_id)
            .group_by(unit_id, Unit.name, Unit.position)
            .order_by(Unit.position)
        )
    return _rows(await session.execute(statement.where(*_where(round_id, scope, agency_id))))


async def _by_pledge(session: Session, round_id: UUID, _by: str, scope: Scope, agency_id: UUID | None) -> list[Row]:
    statement = (
        select(
            Obligation.pledge, Obligation.pledge, *_counts(Obligation.state.expression), func.max(Obligation.signed_at)
        )
        .join(
            Participant,
            (Participant.round_id == Obligation.round_id) & (Participant.employee_id == Obligation.employee_id),
        )
        .where(*_where(round_id, scope, agency_id))
        .group_by(Obligation.pledge)
        .order_by(Obligation.pledge)
    )
    return _rows(await session.execute(statement))


def _counts(state: ColumnElement[str]) -> list[ColumnElement[int]]:
    return [func.count().filter(state == name) for name in STATES]


def _where(round_id: UUID, scope: Scope, agency_id: UUID | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Participant.round_id == round_id]
    if scope.agencies is not None:
        conditions.append(Participant.agency_id.in_(scope.agencies))
    if agency_id is not None:
        conditions.append(Participant.agency_id == agency_id)
    return conditions


def _rows(found: Iterable[Any]) -> list[Row]:
    size = len(STATES)
    return [Row(r[0], r[1], dict(zip(STATES, r[2 : 2 + size], strict=True)), r[2 + size]) for r in found]
