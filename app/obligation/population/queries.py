"""SQL of a round's rule: one condition for the people themselves and for the counts of them."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import aliased

from app.asn.models import Employee
from app.asn.standing import NO_ECHELON
from app.core.db import Session
from app.core.principal import Scope
from app.obligation.models import RosterCount
from app.opd.models import Unit
from app.pledge.schemas import Population


class Counted(NamedTuple):
    """People of an agency who are alike to the rule; `excluded` names the first condition they do not meet, or is empty."""

    agency_id: UUID
    agency: str
    legal_status: str
    employment: str
    without_nip: bool
    excluded: str
    people: int


def selected(rule: Population, people: type[Employee | RosterCount] = Employee) -> ColumnElement[bool]:
    """Return the condition that a person (joined with the unit) is one of those the rule asks."""
    return and_(true(), *_conditions(rule, people).values())


def _conditions(rule: Population, people: Any) -> dict[str, ColumnElement[bool]]:
    """Return the conditions by the name they are told by; what is left empty narrows nothing."""
    echelons = [*rule.echelons, *([""] if NO_ECHELON in rule.echelons else [])]  # a roster says it either way
    positions = [
        column.in_(allowed)
        for column, allowed in ((people.position_kind, rule.position_kinds), (people.echelon, echelons))
        if allowed
    ]
    named: dict[str, list[ColumnElement[bool]]] = {
        "employment": [people.employment.in_(rule.employments)] if rule.employments else [],
        "agency": [Unit.agency_id.in_(rule.agencies)] if rule.agencies else [],
        "position": positions,
    }
    return {name: and_(*conditions) for name, conditions in named.items() if conditions}


async def count(session: Session, rule: Population, scope: Scope) -> list[Counted]:
    """Return the roster by agency as the rule sees it: from the kept counts, so that no person is looked at."""
    agency = aliased(Unit)
    conditions = _conditions(rule, RosterCount)
    excluded = case(*((~condition, name) for name, condition in conditions.items()), else_="") if conditions else None
    statement = (
        select(
            agency.id,
            agency.name,
            RosterCount.legal_status,
            RosterCount.employment,
            RosterCount.without_nip,
            func.coalesce(excluded, "").label("excluded"),
            func.sum(RosterCount.people),
        )
        .join(Unit, Unit.id == RosterCount.unit_id)
        .join(agency, agency.id == Unit.agency_id)
        .where(RosterCount.people > 0)
        .group_by(agency.id, agency.name, agency.position, *_ALIKE, "excluded")
        .order_by(agency.position, agency.id)
    )
    if scope.agencies is not None:
        statement = statement.where(Unit.agency_id.in_(scope.agencies))
    return [Counted._make((*row[:6], int(row[6]))) for row in await session.execute(statement)]


_ALIKE = (RosterCount.legal_status, RosterCount.employment, RosterCount.without_nip)
