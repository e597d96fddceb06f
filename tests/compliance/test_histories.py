"""Histories nobody planned: imports, openings, exemptions, signatures, voids, closes in any order; the figures stay the recount.

After every act all figures of all rounds are compared with a plain count of the rows, by SQL that shares nothing with the counters'.
"""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.compliance import counting, service
from app.compliance.upkeep import queries as upkeep
from app.core.blobs import LocalBlobStore
from app.core.db import Database, Session
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.principal import Principal, Scope
from app.core.settings import DatabaseSettings
from app.obligation.audit import service as audit
from app.pledge import queries as pledge_queries
from app.pledge import service as pledge
from app.transparency.record import LogIdentity
from tests.compliance.city import City
from tests.compliance.city_acts import ACTS
from tests.compliance.city_roster import found
from tests.compliance.register import STATES
from tests.signing.opened_round import NOON, new_database

EVERYBODY = Principal(UUID(int=0), Role.BKPSDM_ADMIN, Scope())
PEOPLE = {
    "opd": "agency_id::text",
    "unit": "unit_id::text",
    "employment": "employment",
    "grade": "grade",
    "position_kind": "position_kind",
}
DIMENSIONS = (*PEOPLE, "pledge")
BY_STATE = ", ".join(f"count(*) FILTER (WHERE state = '{state}')" for state in STATES)
# what happens often in life happens often here
OFTEN = (
    "change_roster",
    "change_roster",
    "follow",
    "follow",
    "follow",
    "sign",
    "sign",
    "sign",
    "ask_exemption",
    "ask_exemption",
    "void",
    "fold",
)


async def _no_templates(session: Session, pledge_round: Any, **_: Any) -> Any:
    return await pledge_queries.list_round_pledges(session, [pledge_round.id])


@pytest.fixture(scope="module")
async def city(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    with new_database(postgres) as url, pytest.MonkeyPatch.context() as patched:
        patched.setattr(upkeep, "CHECKPOINT_EVERY", 25)  # so that a short history has several
        patched.setattr(pledge, "freeze_templates", _no_templates)  # compiling texts counts nobody
        database = Database(url, DatabaseSettings(pool_size=2))
        nothing: Any = None
        log = LogIdentity(nothing, lambda _: b"", b"salt")
        made = City(database, url, log, LocalBlobStore(tmp_path_factory.mktemp("blobs")))
        await made.execute(
            "INSERT INTO template (id, code, title) VALUES (gen_random_uuid(), 'pakta_integritas', 'Pakta')"
        )
        await made.execute(
            "INSERT INTO template_version (id, template_id, number, sha256, source, created_at)"
            " SELECT gen_random_uuid(), id, 1, '', '{}', now() FROM template"
        )
        yield made
        await database.close()


class Watch:
    """What was answered and seen so far, none of which may change."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.bodies: dict[tuple[UUID, str, str], str] = {}
        self.answered: list[tuple[UUID, str, Any, str]] = []
        self.frozen: dict[tuple[UUID, UUID], Any] = {}
        self.recorded: list[Any] = []

    async def look(self) -> None:
        async with self.city.database.transaction() as session:
            for round_id in self.city.rounds:
                for by in DIMENSIONS:
                    await self._compare(session, round_id, by)
            await self._keep(session)

    async def _compare(self, session: Session, round_id: UUID, by: str) -> None:
        """Live figures are the recount, identities hold, and one tag names one body."""
        asked = await service.ask(session, EVERYBODY, round_id, by, now=self.city.now)
        told = await service.answer(session, asked, now=self.city.now)
        counted = await recount(session, round_id, by)
        figures = {group.id: tuple(getattr(group, state) for state in STATES) for group in told.groups}
        assert {k: v for k, v in figures.items() if any(v)} == {k: v for k, v in counted.items() if any(v)}, by
        people = await recount(session, round_id, "opd")
        whole = tuple(map(sum, zip(*people.values(), strict=True))) or (0,) * len(STATES)
        assert tuple(getattr(told.total, state) for state in STATES) == whole
        for one in (told.total, *told.groups):
            assert one.required == one.signed + one.pending
            assert one.total == one.required + one.deferred + one.exempt + one.left
        body = told.model_dump_json(exclude={"computed_at"})
        assert self.bodies.setdefault((round_id, by, asked.tag), body) == body, "two bodies under one tag"

    async def _keep(self, session: Session) -> None:
        """Nothing is rewritten: what is frozen of people, what was recorded, what was signed."""
        rows = await session.execute(
            text(
                "SELECT round_id, employee_id, agency_id, unit_id, employment, grade, position_kind, name,"
                " n_pending + n_signed + n_deferred + n_exempt + n_left AS owed FROM participant"
            )
        )
        found = {(row.round_id, row.employee_id): tuple(row) for row in rows}
        assert {key: found[key] for key in self.frozen} == self.frozen
        self.frozen = found
        changes = list(await session.execute(text("SELECT * FROM participant_change ORDER BY id")))
        assert changes[: len(self.recorded)] == self.recorded
        self.recorded = changes
        signed = await session.execute(
            text("SELECT document_id, round_id, employee_id, id FROM obligation WHERE state = 'signed'")
        )
        assert {row[0]: tuple(row[1:]) for row in signed} == self.city.signed

    async def remember(self, number: int) -> None:
        """Ask for the figures as of now, to ask again later."""
        for round_id in self.city.rounds:
            by = DIMENSIONS[number % len(DIMENSIONS)]
            body = await self._as_of(round_id, by, self.city.now)
            live = self.bodies[(round_id, by, await self._tag(round_id, by))]
            assert [_counts(g) for g in json.loads(body)["groups"]] == [_counts(g) for g in json.loads(live)["groups"]]
            self.answered.append((round_id, by, self.city.now, body))

    async def ask_again(self) -> None:
        for round_id, by, at, body in self.answered:
            assert await self._as_of(round_id, by, at) == body, (by, at)

    async def _as_of(self, round_id: UUID, by: str, at: Any) -> str:
        async with self.city.database.transaction() as session:
            asked = await service.ask(session, EVERYBODY, round_id, by, as_of=at, now=self.city.now)
            told = await service.answer(session, asked, now=self.city.now)
        groups = [group for group in told.groups if group.total]
        return told.model_copy(update={"groups": groups}).model_dump_json(exclude={"computed_at"})

    async def _tag(self, round_id: UUID, by: str) -> str:
        async with self.city.database.transaction() as session:
            asked = await service.ask(session, EVERYBODY, round_id, by, now=self.city.now)
            told = await service.answer(session, asked, now=self.city.now)
        groups = [group for group in told.groups if group.total]
        body = told.model_copy(update={"groups": groups}).model_dump_json(exclude={"computed_at"})
        self.bodies[(round_id, by, asked.tag)] = body
        return asked.tag


def _counts(group: dict[str, Any]) -> Any:
    return group["id"], [group[state] for state in STATES]


async def recount(session: Session, round_id: UUID, by: str) -> dict[str, tuple[int, ...]]:
    """Count the rows themselves."""
    key, table = ("pledge", "obligation") if by == "pledge" else (PEOPLE[by], "participant")
    statement = f"SELECT {key}, {BY_STATE} FROM {table} WHERE round_id = :round GROUP BY 1"
    return {row[0]: tuple(row[1:]) for row in await session.execute(text(statement), {"round": round_id})}


@given(
    st.lists(
        st.tuples(st.sampled_from((*ACTS, *OFTEN)), st.integers(0, 2**16)),
        min_size=28,
        max_size=32,
    )
)
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
async def test_whatever_happens_the_figures_are_the_recount_and_the_past_stays(
    city: City, history: list[tuple[str, int]]
) -> None:
    city.now, city.people, city.rounds, city.imports, city.signed, city.done = NOON, {}, [], [], {}, []
    await found(city)
    await city.act(ACTS["open_round"], history[0][1])
    watch = Watch(city)
    for step, (name, number) in enumerate(history[1:]):
        await city.act(ACTS[name], number)
        await watch.look()
        if step % 5 == 4:
            await watch.remember(number)
    await watch.ask_again()
    await city.act(ACTS["fold"], 0)
    async with city.database.transaction() as session:
        assert [one for one in await counting.verify(session) if not one.right] == []
        assert await audit.contradictions(session) == {}
