"""Figures of open rounds for Prometheus, from the counters: one series per round, agency and state, of a bounded number.

Anybody who reaches `/metrics` sees them, so small agencies are merged as for the `dashboard` role, and no person is named.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.compliance import queries, service
from app.compliance.schemas import Group
from app.core.db import Session
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.obligation.models import STATES

MOST_ROUNDS = 5
REST = "lainnya"
_ANYBODY = Principal(UUID(int=0), Role.DASHBOARD, Scope())


class _Told(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


async def exposition(session: Session, *, now: datetime, smallest: int, most: int) -> bytes:
    """Return the gauges in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Told(await round_people(session, now=now, smallest=smallest, most=most)))
    return generate_latest(registry)


async def round_people(session: Session, *, now: datetime, smallest: int, most: int) -> list[GaugeMetricFamily]:
    """Return `pakta_round_people` and `pakta_round_info` of the newest open rounds.

    The `most` largest agencies have series of their own; the others are summed as `lainnya`, the merged small ones among them.
    """
    people = GaugeMetricFamily("pakta_round_people", "People of an open round", labels=["round", "opd", "state"])
    info = GaugeMetricFamily("pakta_round_info", "An open round", labels=["round", "title"])
    for pledge_round in await queries.list_open(session, MOST_ROUNDS):
        found = await service.compliance(session, _ANYBODY, pledge_round.id, "opd", now=now, smallest=smallest)
        info.add_metric([str(pledge_round.id), pledge_round.title], 1)
        for (opd, state), count in _series(found.groups, most).items():
            people.add_metric([str(pledge_round.id), opd, state], count)
    return [people, info]


def _series(groups: Sequence[Group], most: int) -> Counter[tuple[str, str]]:
    """Return people by (agency's name, state); agencies of the same name are one series."""
    by_size = sorted((group for group in groups if group.id), key=lambda group: (-group.total, group.id))
    named = {group.id for group in by_size[:most]}
    found: Counter[tuple[str, str]] = Counter()
    for group in groups:
        for state in STATES:
            found[group.name if group.id in named else REST, state] += getattr(group, state)
    return found
