"""One request, one transaction: it commits before the answer leaves, or the answer says that it did not."""

import asyncio
from asyncio import CancelledError
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import NoneType
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Column, MetaData, Table, Uuid, select, text

from app.core import db, pool, problems
from app.core.db import Database, copy_rows, driver_url, libpq_url, once_committed
from app.core.errors import AppError, Kind, ServiceBusy
from app.core.http import SessionDep
from app.core.prepared import Statement, among
from app.core.problems import STATUS
from app.core.resources import Resources
from app.core.settings import DatabaseSettings

TABLES = """
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE odd (id uuid PRIMARY KEY, "order" text, facts jsonb, at timestamptz, data bytea);
"""


class Refused(AppError):
    kind = Kind.CONFLICT
    code = "test.refused"


class Counted(AppError):
    kind = Kind.UNAUTHENTICATED
    code = "test.counted"
    remembered = True


@pytest.fixture
async def database(fresh_database: str) -> AsyncIterator[Database]:
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute(TABLES)
    opened = Database(fresh_database, DatabaseSettings(url=SecretStr(fresh_database), pool_size=2))
    yield opened
    await opened.close()


@pytest.fixture
async def http(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.resources = Resources()
    app.state.resources.add(Database, database)
    problems.install(app)

    @app.post("/children/{child_id}")
    async def add_child(child_id: int, session: SessionDep, parent: int, refuse: str = "") -> dict[str, int]:
        await session.execute(text("INSERT INTO child VALUES (:c, :p)"), {"c": child_id, "p": parent})
        if refuse == "refused":
            raise Refused
        if refuse == "counted":
            raise Counted
        if refuse:
            raise RuntimeError(refuse)
        return {"id": child_id}

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def children(database: Database) -> list[int]:
    async with database.transaction() as session:
        return list((await session.execute(text("SELECT id FROM child ORDER BY id"))).scalars())


async def add_parent(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO parent VALUES (1)"))


async def test_a_commit_that_fails_never_answers_yes(http: httpx.AsyncClient, database: Database) -> None:
    """The deferred constraint is checked at COMMIT only; with FastAPI's default scope this answered 200."""
    reply = await http.post("/children/7", params={"parent": 99})
    assert reply.status_code == 500
    assert reply.json()["code"] == "service.failed"
    assert "child" not in reply.text
    assert await children(database) == []


async def test_what_was_answered_with_yes_is_there(http: httpx.AsyncClient, database: Database) -> None:
    await add_parent(database)
    reply = await http.post("/children/7", params={"parent": 1})
    assert reply.status_code == 200
    assert await children(database) == [7]


@pytest.mark.parametrize(
    ("refuse", "status", "kept"), [("refused", 409, []), ("counted", 401, [7]), ("unknown", 500, [])]
)
async def test_only_remembered_refusals_keep_what_was_written(
    http: httpx.AsyncClient, database: Database, refuse: str, status: int, kept: list[int]
) -> None:
    await add_parent(database)
    reply = await http.post("/children/7", params={"parent": 1, "refuse": refuse})
    assert reply.status_code == status
    assert await children(database) == kept


async def test_what_waits_for_a_commit_is_done_by_that_one_alone(database: Database) -> None:
    done: list[str] = []
    async with database.transaction() as session:
        once_committed(session, lambda: done.append("before the first statement"))
        await session.rollback()
        await session.execute(text("INSERT INTO parent VALUES (1)"))
        once_committed(session, lambda: done.append("rolled back"))
        await session.rollback()
        await session.execute(text("INSERT INTO parent VALUES (2)"))
        await session.commit()
        assert done == []
        async with session.begin_nested():
            await session.execute(text("INSERT INTO parent VALUES (3)"))
            once_committed(session, lambda: done.append("committed"))
        assert done == []
    assert done == ["committed"]


async def test_rows_are_copied_in_the_callers_own_transaction(database: Database) -> None:
    rows = [
        (
            UUID(int=n),
            "kutip \" ' \\ \t\n ʿ" if n else None,
            '{"a": [1, "ü"]}',
            datetime(2026, 11, 23, tzinfo=UTC),
            b"\0\xff",
        )
        for n in range(500)
    ]
    columns = ("id", "order", "facts", "at", "data")
    with pytest.raises(Refused):
        async with database.transaction() as session:
            await copy_rows(session, "odd", columns, rows)
            raise Refused
    async with database.transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM odd"))).scalar_one() == 0
        await copy_rows(session, "odd", columns, rows)
    async with database.transaction() as session:
        found = (await session.execute(text('SELECT id, "order", facts, at, data FROM odd ORDER BY id'))).all()
    assert len(found) == 500
    assert tuple(found[3]) == (*rows[3][:2], {"a": [1, "ü"]}, *rows[3][3:])
    assert found[0][1] is None


async def test_a_connection_the_server_dropped_is_replaced(database: Database, fresh_database: str) -> None:
    await add_parent(database)
    with psycopg.connect(fresh_database, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await children(database) == []


async def test_a_crowd_takes_turns_on_few_connections(database: Database) -> None:
    async def asked() -> int:
        async with database.transaction() as session:
            return int((await session.execute(text("SELECT pg_backend_pid()"))).scalar_one())

    assert len(set(await asyncio.gather(*(asked() for _ in range(40))))) == 2
    assert len({await asked() for _ in range(5)}) == 1  # the one that was used last


async def test_connections_go_to_whoever_has_waited_longest(fresh_database: str) -> None:
    narrow = Database(fresh_database, DatabaseSettings(url=SecretStr(fresh_database), pool_size=1))
    served = []

    async def asked(name: int) -> None:
        for _ in range(2):  # whoever was served asks again at once, and stands behind those who wait
            async with narrow.transaction() as session:
                await session.execute(text("SELECT 1"))
                served.append(name)

    await asyncio.gather(*map(asked, range(5)))
    assert served == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    await narrow.close()


async def test_who_is_cancelled_in_line_takes_nothing_from_the_others(fresh_database: str) -> None:
    narrow = Database(fresh_database, DatabaseSettings(url=SecretStr(fresh_database), pool_size=1))

    async def asked() -> None:
        async with narrow.transaction() as session:
            await session.execute(text("SELECT 1"))

    async with narrow.transaction() as first:
        await first.execute(text("SELECT 1"))
        waiting = [asyncio.create_task(asked()) for _ in range(4)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    waiting[2].cancel()  # the connection may be on its way to it
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in told] == [CancelledError, NoneType, CancelledError, NoneType]
    await asked()
    await narrow.close()


async def test_connections_held_for_long_do_not_keep_others_waiting(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "PATIENT_SECONDS", 0.05)
    narrow = Database(fresh_database, DatabaseSettings(url=SecretStr(fresh_database), pool_size=1))
    async with narrow.transaction() as long, narrow.transaction() as other:
        await long.execute(text("SELECT 1"))
        assert (await other.execute(text("SELECT 2"))).scalar_one() == 2
    await narrow.close()


async def test_who_waits_too_long_for_a_connection_is_told_to_come_again(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "PATIENT_SECONDS", 0.01)
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.1)
    narrow = Database(fresh_database, DatabaseSettings(url=SecretStr(fresh_database), pool_size=1))
    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(narrow.transaction()) for _ in range(5)]
        for one in held[:4]:
            await one.execute(text("SELECT 1"))
        with pytest.raises(ServiceBusy) as told:
            await held[4].execute(text("SELECT 1"))
    assert (STATUS[told.value.kind], told.value.params) == (503, {"retry_after": 5})
    await narrow.close()


async def test_one_plan_serves_ids_of_any_number(database: Database) -> None:
    odd = Table("odd", MetaData(), Column("id", Uuid))
    some = Statement(select(odd.c.id).where(among(odd.c.id, "ids")))
    async with database.transaction() as session:
        for count in range(1, 13):
            await some.rows(session, ids=[UUID(int=number) for number in range(count)])
        kept = await session.execute(
            text("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%FROM odd%'")
        )
        assert kept.all() == [(7, 5)]


def test_addresses_are_translated_for_driver_and_library() -> None:
    assert driver_url("postgres://u:p@h/d?sslmode=require") == "postgresql+psycopg://u:p@h/d?sslmode=require"
    assert driver_url("postgresql+psycopg://h/d") == "postgresql+psycopg://h/d"
    assert libpq_url("postgresql+psycopg://u@h/d") == "postgresql://u@h/d"
