"""Further figures of rounds: ranking with ties, several rounds beside each other, and the forecast as an answer."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from app.compliance import service
from app.compliance.errors import ComparisonOfOne
from app.compliance.schemas import (
    ComparedGroup,
    ComparedRound,
    ComparisonRead,
    Figures,
    ForecastRead,
    Group,
    RankedGroup,
    RankingRead,
)
from app.core.db import Session
from app.core.principal import Principal
from app.pledge import service as pledge

MOST_ROUNDS = 6


def ranked(groups: Sequence[Group]) -> list[RankedGroup]:
    """Return groups by their exact share, equal ones with one rank and the next ones after all of them (1, 2, 2, 4).

    A group in which nobody is required has no share and no rank; those stand last.
    """
    shares = {group.id: Fraction(group.signed, group.required) for group in groups if group.required}
    values = sorted(shares.values(), reverse=True)
    first = {value: values.index(value) + 1 for value in set(values)}
    found = [
        RankedGroup(
            **group.model_dump(),
            rank=first[shares[group.id]] if group.id in shares else None,
            tied=group.id in shares and values.count(shares[group.id]) > 1,
        )
        for group in groups
    ]
    return sorted(found, key=lambda one: (one.rank is None, one.rank or 0, one.name))


async def ranking(
    session: Session, actor: Principal, round_id: UUID, by: str, *, agency_id: UUID | None, now: datetime, smallest: int
) -> RankingRead:
    """Return the groups of a dimension in the order of their shares."""
    found = await service.compliance(session, actor, round_id, by, agency_id=agency_id, now=now, smallest=smallest)
    return RankingRead(round_id=round_id, by=by, computed_at=now, groups=ranked(found.groups))


async def comparison(
    session: Session, actor: Principal, round_ids: Sequence[UUID], *, now: datetime, smallest: int
) -> ComparisonRead:
    """Return two to six rounds beside each other, agency by agency; an agency that a round does not know has no figures there."""
    if len(set(round_ids)) != len(round_ids) or not 2 <= len(round_ids) <= MOST_ROUNDS:
        raise ComparisonOfOne
    rounds, tables = [], []
    for round_id in round_ids:
        asked = await service.ask(session, actor, round_id, "opd", now=now)
        found = await service.answer(session, asked, now=now, smallest=smallest)
        title = (await pledge.get_round(session, round_id)).title
        rounds.append(ComparedRound(round_id=round_id, title=title, total=found.total))
        tables.append({group.id: group for group in found.groups})
    names = {key: group.name for table in tables for key, group in table.items()}
    return ComparisonRead(
        computed_at=now,
        rounds=rounds,
        groups=[
            ComparedGroup(id=key, name=name, figures=[_figures(table.get(key)) for table in tables])
            for key, name in names.items()
        ],
    )


async def forecast(
    session: Session, actor: Principal, round_id: UUID, *, agency_id: UUID | None, now: datetime, smallest: int
) -> ForecastRead:
    """Return the estimate, stated as such; its numbers are empty when there is nothing to go by."""
    if agency_id is not None:
        await service.compliance(session, actor, round_id, "opd", agency_id=agency_id, now=now, smallest=smallest)
    found = await service.outlook(session, actor, round_id, agency_id=agency_id, now=now)
    return ForecastRead(
        round_id=round_id,
        computed_at=now,
        per_day=found.per_day if found else None,
        window_hours=found.window_hours if found else None,
        signed_at_deadline=found.signed_at_deadline if found else None,
        percent_at_deadline=found.percent_at_deadline if found else None,
        complete_at=found.complete_at if found else None,
    )


def _figures(group: Group | None) -> Figures | None:
    return None if group is None else Figures.model_validate(group.model_dump())
