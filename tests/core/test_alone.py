"""Reads that stand alone: no transaction for what needs none, and nothing loosened by it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import LiteralString

import psycopg
import pytest
from psycopg.errors import ReadOnlySqlTransaction
from pydantic import SecretStr
from sqlalchemy import func, insert, literal, select, text

from app.core.confinement import confine
from app.core.db import Database, Session, begun
from app.core.ids import new_id
from app.core.permission import Role
from app.core.prepared import Statement
from app.core.principal import Principal, Scope
from app.core.settings import DatabaseSettings
from app.identity.models import ApiToken, LoginChallenge

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
CHALLENGES = Statement(select(func.count()).select_from(LoginChallenge), alone=True)
TOKENS = Statement(select(func.count()).select_from(ApiToken), alone=True)
ROLE = Statement(select(func.current_setting(literal("role"))), alone=True)
VIEWER = Principal(new_id(), Role.DASHBOARD, Scope())


@pytest.fixture
async def database(fresh_database: str) -> AsyncIterator[Database]:
    with psycopg.connect(fresh_database) as connection:
        connection.execute(
            "INSERT INTO api_token (id, name, role, token_hash, created_at, expires_at)"
            " VALUES (gen_random_uuid(), 'one', 'operator', 'hash', now(), now())"
        )
    opened = Database(fresh_database, DatabaseSettings(url=SecretStr(fresh_database), pool_size=2))
    yield opened
    await opened.close()


async def one(session: Session, statement: Statement) -> object:
    ((found,),) = await statement.rows(session)
    return found


async def test_a_session_that_only_reads_alone_begins_nothing(database: Database) -> None:
    async with database.transaction() as session:
        assert await one(session, TOKENS) == 1
        assert await one(session, ROLE) == "pakta_service"
        assert begun(session) is None
        await session.execute(text("SELECT"))
        assert begun(session) is not None
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_what_the_transaction_has_written_is_read(database: Database) -> None:
    async with database.transaction() as session:
        session.add(LoginChallenge(challenge=b"1", expires_at=NOW))  # not written yet: reading writes it first
        assert await one(session, CHALLENGES) == 1
        await session.rollback()
        assert await one(session, CHALLENGES) == 0


async def test_a_confined_caller_reads_no_protected_row_alone(database: Database) -> None:
    async with database.transaction() as session:
        await confine(session, VIEWER)
        assert begun(session) is None
        assert (await one(session, ROLE), await one(session, TOKENS)) == ("pakta_scoped", 0)
    async with database.transaction() as session:
        assert (await one(session, ROLE), await one(session, TOKENS)) == ("pakta_service", 1)


async def test_every_transaction_of_a_confined_caller_is_confined(database: Database) -> None:
    counted = select(func.count()).select_from(ApiToken)
    async with database.transaction() as session:
        await confine(session, VIEWER)
        assert (await session.execute(counted)).scalar_one() == 0
        await session.rollback()
        assert (await session.execute(counted)).scalar_one() == 0
    async with database.transaction() as session:
        assert (await session.execute(counted)).scalar_one() == 1
        await confine(session, VIEWER)
        assert (await session.execute(counted)).scalar_one() == 0


async def test_nothing_is_written_alone(database: Database) -> None:
    writing = Statement(insert(LoginChallenge).values(challenge=b"1", expires_at=NOW).returning(literal(1)), alone=True)
    locking = Statement(select(LoginChallenge.expires_at).with_for_update(), alone=True)
    for statement in (writing, locking):
        async with database.transaction() as session:
            with pytest.raises(ReadOnlySqlTransaction):
                await statement.rows(session)


async def test_a_connection_that_died_while_it_rested_is_not_the_callers_trouble(
    database: Database, fresh_database: str
) -> None:
    async with database.transaction() as session:
        assert await one(session, TOKENS) == 1
        with psycopg.connect(fresh_database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert await one(session, TOKENS) == 1


async def test_a_connection_in_use_when_the_database_is_closed_is_closed_afterwards(
    database: Database, fresh_database: str
) -> None:
    waiting = Statement(select(func.pg_backend_pid(), func.pg_advisory_xact_lock_shared(literal(1))), alone=True)
    with psycopg.connect(fresh_database, autocommit=True) as connection:

        async def until(count: int, statement: LiteralString, *values: object) -> None:
            async with asyncio.timeout(30):
                while connection.execute(statement, values).fetchone() != (count,):
                    await asyncio.sleep(0)

        connection.execute("SELECT pg_advisory_lock(1)")
        async with database.transaction() as session:
            under_way = asyncio.create_task(waiting.rows(session))
            await until(1, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            await database.close()
            connection.execute("SELECT pg_advisory_unlock(1)")
            ((process, _),) = await under_way
        await until(0, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", process)
