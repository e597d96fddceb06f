"""Preview whom a round would ask, and freeze the rule when it opens."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal, Scope
from app.obligation.legal_status import meanings, reason_of, state_of
from app.obligation.population import queries
from app.obligation.population.queries import Counted
from app.obligation.population.schemas import (
    AgencyPopulation,
    CodeCount,
    PopulationFigures,
    PopulationRead,
    ReasonCount,
)
from app.pledge import service as pledge
from app.pledge.models import PledgeRound
from app.pledge.schemas import Population

FIGURE = {"pending": "required", "deferred": "deferred", "exempt": "exempt", "left": "left"}
F = TypeVar("F", bound=PopulationFigures)


def rule_of(pledge_round: PledgeRound) -> Population:
    """Return a round's rule with a meaning for every known code."""
    stated = Population.model_validate(pledge_round.population)
    return stated.model_copy(update={"legal_status": meanings(stated.legal_status)})


async def read(session: Session, actor: Principal, round_id: UUID) -> PopulationRead:
    """Return whom a draft would ask, or whom an opened round asked, inside the caller's scope."""
    actor.require(Permission.OBLIGATION_READ)
    pledge_round = await pledge.get_round(session, round_id)
    if pledge_round.population_counts is not None:
        return _inside(PopulationRead.model_validate(pledge_round.population_counts), actor.scope)
    return await _preview(session, pledge_round, actor.scope)


async def freeze(session: Session, pledge_round: PledgeRound, *, now: datetime) -> Population:
    """Write down the rule with all its meanings, and whom it chooses: later codes and later rosters change neither."""
    rule = rule_of(pledge_round)
    found = await _preview(session, pledge_round, Scope())
    pledge_round.population = rule.model_dump(mode="json")
    pledge_round.population_counts = found.model_copy(update={"frozen_at": now}).model_dump(mode="json")
    return rule


async def _preview(session: Session, pledge_round: PledgeRound, scope: Scope) -> PopulationRead:
    rule = rule_of(pledge_round)
    rows = await queries.count(session, rule, scope)
    by_agency: dict[tuple[UUID, str], list[Counted]] = {}
    for row in rows:
        by_agency.setdefault((row.agency_id, row.agency), []).append(row)
    unknown: Counter[str] = Counter()
    for row in rows:
        if not row.excluded and row.legal_status and row.legal_status not in rule.legal_status:
            unknown[row.legal_status] += row.people
    return PopulationRead(
        round_id=pledge_round.id,
        frozen_at=None,
        rule=rule,
        late_joiners=pledge_round.late_joiners,
        total=_figures(PopulationFigures(), rows, rule),
        agencies=[
            _figures(AgencyPopulation(id=agency, name=name), those, rule) for (agency, name), those in by_agency.items()
        ],
        unknown_codes=[CodeCount(code=code, people=people) for code, people in sorted(unknown.items())],
    )


def _figures(figures: F, rows: Iterable[Counted], rule: Population) -> F:
    """Return the sums of rows."""
    sums: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    for row in rows:
        sums["people"] += row.people
        if row.excluded:
            excluded[row.excluded] += row.people
            continue
        state = state_of(rule.legal_status, row.legal_status)
        sums.update({"total": row.people, FIGURE[state]: row.people})
        sums["optional"] += row.people * (rule.legal_status.get(row.legal_status) == "optional")
        sums["without_nip"] += row.people * row.without_nip
        if state != "pending":
            reasons[reason_of(row.legal_status), state] += row.people
    counted: dict[str, Any] = {
        **sums,
        "excluded": figures.excluded.model_copy(update=dict(excluded)),
        "reasons": [ReasonCount(reason=r, state=state, people=n) for (r, state), n in sorted(reasons.items())],
    }
    return figures.model_copy(update=counted)


def _inside(found: PopulationRead, scope: Scope) -> PopulationRead:
    """Return the part of frozen figures the caller may see; codes are told for the whole round to who sees the whole of it."""
    if scope.agencies is None:
        return found
    agencies = [agency for agency in found.agencies if agency.id in scope.agencies]
    return found.model_copy(update={"agencies": agencies, "total": _sum(agencies), "unknown_codes": []})


def _sum(agencies: list[AgencyPopulation]) -> PopulationFigures:
    sums: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    for agency in agencies:
        sums.update({name: value for name, value in agency.model_dump().items() if isinstance(value, int)})
        excluded.update(agency.excluded.model_dump())
        reasons.update({(r.reason, r.state): r.people for r in agency.reasons})
    return PopulationFigures.model_validate(
        {
            **sums,
            "excluded": dict(excluded),
            "reasons": [{"reason": r, "state": state, "people": n} for (r, state), n in sorted(reasons.items())],
        }
    )
