"""Counters under histories nobody planned: always the recount, never two bodies under one tag, and a past that does not change."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from app.compliance import counting, queries, service
from app.compliance.errors import InstantUnknown
from app.compliance.upkeep import queries as upkeep
from app.core.db import Database, Session
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.settings import DatabaseSettings
from tests.compliance.register import OPENED, PLEDGES, STATES, Register, move, write_round

EVERYBODY = Principal(UUID(int=0), Role.BKPSDM_ADMIN, Scope())
KEYS = {
    "opd": "agency_id::text",
    "unit": "unit_id::text",
    "employment": "employment",
    "grade": "grade",
    "position_kind": "position_kind",
}
BY_STATE = ", ".join(f"count(*) FILTER (WHERE t.state = '{state}')" for state in STATES)
Body = dict[str, Any]


@pytest.fixture
def connection(fresh_database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(fresh_database, autocommit=True) as opened:
        yield opened


@pytest.fixture
async def database(fresh_database: str) -> AsyncIterator[Database]:
    opened = Database(fresh_database, DatabaseSettings(pool_size=5))
    yield opened
    await opened.close()


async def recount(session: Session, made: Register, by: str) -> dict[str, tuple[Any, ...]]:
    """Count the rows themselves, in SQL that shares nothing with the counters'; last come the times of the last signatures."""
    last = "max(t.signed_at) FILTER (WHERE t.state = 'signed')"
    if by == "pledge":
        statement = f"SELECT pledge, {BY_STATE}, {last} FROM obligation t WHERE round_id = :round GROUP BY 1"
    else:
        statement = f"SELECT {KEYS[by]}, {BY_STATE}, {last} FROM participant t WHERE round_id = :round GROUP BY 1"
    return {row[0]: tuple(row[1:]) for row in await session.execute(text(statement), {"round": made.round_id})}


async def figured(session: Session, made: Register, by: str) -> dict[str, tuple[Any, ...]]:
    found = await queries.live_figures(session, made.round_id, by, Scope(), None)
    rows = {row.id: (*(row.counts[state] for state in STATES), row.last_signed_at) for row in found.groups}
    people = await recount(session, made, "opd")
    whole = tuple(sum(row[place] for row in people.values()) for place in range(len(STATES)))
    assert tuple(found.total[state] for state in STATES) == whole, by
    return rows


async def read(
    database: Database, made: Register, by: str, now: datetime, as_of: datetime | None = None
) -> tuple[str, Body]:
    """Return tag and body (without the time it was computed at) as the API would."""
    async with database.transaction() as session:
        asked = await service.ask(session, EVERYBODY, made.round_id, by, as_of=as_of, now=now)
        found, tag = await service.tagged_answer(session, asked, now=now)
    return tag, {name: value for name, value in found.items() if name != "computed_at"}


async def fold(database: Database, made: Register, now: datetime) -> None:
    async with database.transaction() as session:
        await counting.fold(session, made.round_id, now=now)


@pytest.mark.parametrize("seed", range(3))
async def test_figures_are_the_recount_at_every_step_and_the_past_stays(
    seed: int, connection: psycopg.Connection[Any], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "CHECKPOINT_EVERY", 25)  # so that a short history has several
    rng = random.Random(seed)
    made = write_round(connection, people=40, seed=seed)
    now, tags, told = OPENED, {}, []
    for step in range(70):
        now += timedelta(seconds=rng.randrange(0, 1800))
        doing = rng.random()
        if doing < 0.75:
            pledges = rng.choice([PLEDGES[:1], PLEDGES[1:], PLEDGES])
            state = rng.choices(STATES, [3, 10, 1, 1, 1])[0]  # back to pending: a signature is voided
            move(connection, made, rng.choice(made.people), pledges, state, now - timedelta(days=rng.randrange(3)))
        elif doing < 0.92:
            await fold(database, made, now)
        elif doing < 0.95:
            async with database.transaction() as session:
                await counting.rebuild(session, made.round_id, now=now)
        by = rng.choice(["opd", "unit", "employment", "grade", "position_kind", "pledge"])
        tag, body = await read(database, made, by, now)
        assert tags.setdefault((by, tag), body) == body, "two bodies under one tag"
        async with database.transaction() as session:
            for dimension in (*KEYS, "pledge"):
                found, counted = await figured(session, made, dimension), await recount(session, made, dimension)
                assert {k: v[:5] for k, v in found.items()} == {k: v[:5] for k, v in counted.items()}, (step, dimension)
        if step % 4 == 0:
            _, then = await read(database, made, by, now, as_of=now)
            assert [{**g, "last_signed_at": None} for g in body["groups"]] == then["groups"]
            told.append((by, now, then))
    await fold(database, made, now)
    async with database.transaction() as session:
        for dimension in (*KEYS, "pledge"):  # the queue is empty: the times of last signatures hold too
            assert await figured(session, made, dimension) == await recount(session, made, dimension)
        assert [found.wrong for found in await counting.verify(session)] == [0]
    for by, at, then in told:
        assert (await read(database, made, by, now, as_of=at))[1] == then
    assert connection.execute("SELECT count(DISTINCT at) FROM compliance_checkpoint").fetchone()[0] > 3


async def test_no_figure_is_wrong_while_eight_sign_in_one_unit(
    connection: psycopg.Connection[Any], database: Database, fresh_database: str
) -> None:
    made = write_round(connection, people=400)
    connection.execute("UPDATE participant SET unit_id = %s, agency_id = %s", made.units[0])
    writing = 8
    await fold(database, made, OPENED)

    def sign(part: int) -> None:
        nonlocal writing
        with psycopg.connect(fresh_database, autocommit=True) as mine:
            for person in made.people[part::8]:
                for one in PLEDGES:
                    move(mine, made, person, (one,), "signed", OPENED)
        writing -= 1

    async def fold_on() -> None:
        while writing:
            await fold(database, made, OPENED)

    compared = 0
    bodies: dict[int, Any] = {}

    async def compare() -> None:
        nonlocal compared
        while writing:
            async with database.transaction() as session:
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                visible = (await counting.bring_up(session, made.round_id, now=OPENED)).visible
                for by in ("unit", "pledge"):
                    found = await figured(session, made, by)
                    assert found == await recount(session, made, by)
                    assert bodies.setdefault((visible, by), found) == found
                    compared += 1

    signing = [asyncio.to_thread(sign, part) for part in range(8)]
    await asyncio.gather(*signing, fold_on(), compare(), compare())
    assert compared >= 20
    async with database.transaction() as session:
        assert (await figured(session, made, "opd")) == await recount(session, made, "opd")
        signed = (await queries.live_figures(session, made.round_id, "opd", Scope(), None)).total["signed"]
    assert signed == 400


@pytest.mark.parametrize("by", [*KEYS, "pledge"])
async def test_who_signs_between_question_and_answer_is_under_the_new_tag(
    by: str, connection: psycopg.Connection[Any], database: Database
) -> None:
    made = write_round(connection, people=3)
    await fold(database, made, OPENED)
    async with database.transaction() as session:
        asked = await service.ask(session, EVERYBODY, made.round_id, by, now=OPENED)
        move(connection, made, made.people[0], PLEDGES, "signed", OPENED)
        told, tag = await service.tagged_answer(session, asked, now=OPENED)
    assert told["total"]["signed"] == 1
    assert tag != asked.tag
    assert (await read(database, made, by, OPENED))[0] == tag


async def test_a_signature_committed_late_is_counted_when_it_is_there(
    connection: psycopg.Connection[Any], database: Database, fresh_database: str
) -> None:
    """Its delta is older than others that are folded already: a fold by "newer than the last" would lose it."""
    made = write_round(connection, people=3)
    with psycopg.connect(fresh_database) as late:
        late.execute("SELECT")  # begins a transaction that stays open
        move(late, made, made.people[0], PLEDGES, "signed", OPENED)
        move(connection, made, made.people[1], PLEDGES, "signed", OPENED)
        await fold(database, made, OPENED)
        assert (await read(database, made, "opd", OPENED))[1]["total"]["signed"] == 1
        before = await read(database, made, "opd", OPENED, as_of=OPENED)
        late.commit()
    await fold(database, made, OPENED)
    assert (await read(database, made, "opd", OPENED))[1]["total"]["signed"] == 2
    assert await read(database, made, "opd", OPENED, as_of=OPENED) == before


async def test_signatures_before_the_first_count_leave_the_opening_as_it_was(
    connection: psycopg.Connection[Any], database: Database
) -> None:
    made = write_round(connection, people=10)
    move(connection, made, made.people[0], PLEDGES, "signed", OPENED)
    now = OPENED + timedelta(minutes=5)
    assert (await read(database, made, "opd", now))[1]["total"]["signed"] == 1
    assert (await read(database, made, "opd", now, as_of=OPENED))[1]["total"]["signed"] == 0
    assert (await read(database, made, "opd", now, as_of=now))[1]["total"]["signed"] == 1


async def test_instants_nobody_can_know_are_refused(connection: psycopg.Connection[Any], database: Database) -> None:
    made = write_round(connection, people=2)
    for at in (OPENED - timedelta(seconds=1), OPENED + timedelta(seconds=1)):
        with pytest.raises(InstantUnknown):
            await read(database, made, "opd", OPENED, as_of=at)
    assert (await read(database, made, "opd", OPENED, as_of=OPENED))[1]["total"]["total"] == 2


async def test_a_reader_folds_when_too_much_waits(connection: psycopg.Connection[Any], database: Database) -> None:
    made = write_round(connection, people=9)
    await fold(database, made, OPENED)
    for _ in range(112):  # eighteen deltas each time round, then people are as they were
        for state in ("signed", "pending"):
            for person in made.people[:3]:
                move(connection, made, person, PLEDGES, state, OPENED)
    waiting = "SELECT count(*) FROM compliance_delta"
    assert connection.execute(waiting).fetchone()[0] > counting.MOST_WAITING
    assert (await read(database, made, "opd", OPENED))[1]["total"]["signed"] == 0
    assert connection.execute(waiting).fetchone()[0] == 0


async def test_a_wrong_cell_is_found_and_repaired_under_a_new_tag(
    connection: psycopg.Connection[Any], database: Database
) -> None:
    made = write_round(connection, people=20)
    move(connection, made, made.people[0], PLEDGES, "signed", OPENED)
    tag, right = await read(database, made, "opd", OPENED)
    connection.execute("UPDATE compliance_cell SET signed = signed + 1 WHERE dimension = 'opd'")
    connection.execute("DELETE FROM compliance_cell WHERE dimension = 'unit' AND key = %s", (str(made.units[0][0]),))
    async with database.transaction() as session:
        (found,) = await counting.verify(session)
        assert (found.right, found.people_at_odds) == (False, 0)
        assert found.wrong >= 4
        await counting.rebuild(session, made.round_id, now=OPENED)
        assert [again.right for again in await counting.verify(session)] == [True]
    repaired_tag, repaired = await read(database, made, "opd", OPENED)
    assert repaired == right
    assert repaired_tag != tag


async def test_a_person_who_contradicts_the_obligations_is_found(
    connection: psycopg.Connection[Any], database: Database
) -> None:
    made = write_round(connection, people=4)
    connection.execute("UPDATE participant SET n_pending = 1, n_signed = 1 WHERE employee_id = %s", (made.people[0],))
    async with database.transaction() as session:
        await counting.bring_up(session, made.round_id, now=OPENED)
        (found,) = await counting.verify(session)
    assert (found.wrong, found.people_at_odds, found.right) == (0, 1, False)


async def test_the_trend_sums_hours_to_days_of_the_zone(
    connection: psycopg.Connection[Any], database: Database
) -> None:
    made = write_round(connection, people=8)
    midnight = datetime.fromisoformat("2026-11-24T00:00:00+07:00")
    await fold(database, made, OPENED)
    for number, minutes in enumerate((-70, -10, 10)):
        move(connection, made, made.people[number], PLEDGES, "signed", OPENED)
        await fold(database, made, midnight + timedelta(minutes=minutes))
    move(connection, made, made.people[3], PLEDGES, "signed", OPENED)  # waits: counted in the hour it is asked in
    now = midnight + timedelta(minutes=65)
    async with database.transaction() as session:
        ask = (session, EVERYBODY, made.round_id)
        hours = await service.trend(*ask, "hour", "Asia/Jakarta", now=now)
        days = await service.trend(*ask, "day", "Asia/Jakarta", now=now)
        eastern = await service.trend(*ask, "day", "Asia/Jayapura", now=now)
    assert [(p.at.isoformat()[8:16], p.signed, p.signed_in_all) for p in hours.points] == [
        ("23T22:00", 1, 1),
        ("23T23:00", 1, 2),
        ("24T00:00", 1, 3),
        ("24T01:00", 1, 4),
    ]
    assert [(p.at.date().day, p.signed, p.signed_in_all) for p in days.points] == [(23, 2, 2), (24, 2, 4)]
    assert [(p.at.date().day, p.signed) for p in eastern.points] == [(24, 4)]


async def test_a_renamed_unit_changes_the_tag(connection: psycopg.Connection[Any], database: Database) -> None:
    made = write_round(connection, people=20)
    tag, _ = await read(database, made, "unit", OPENED)
    connection.execute("UPDATE unit SET name = 'Unit baru' WHERE id = %s", (made.units[0][0],))
    renamed, body = await read(database, made, "unit", OPENED)
    assert renamed != tag
    assert "Unit baru" in {group["name"] for group in body["groups"]}
