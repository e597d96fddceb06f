"""The driver's connection: what it waits for, and what becomes of a wait that is broken off."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from psycopg import OperationalError
from psycopg.errors import DivisionByZero
from psycopg.pq import TransactionStatus

from app.core.db import libpq_url
from app.core.driver import Connection


@pytest.fixture
async def connection(fresh_database: str) -> AsyncIterator[Connection]:
    opened = await Connection.connect(libpq_url(fresh_database), autocommit=True)
    yield opened
    await opened.close()


async def one(connection: Connection, statement: str, *values: object) -> object:
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return row[0]


async def test_an_interrupted_statement_is_stopped_and_the_connection_goes_on(
    connection: Connection, fresh_database: str
) -> None:
    other = await Connection.connect(libpq_url(fresh_database), autocommit=True)
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(600%%'"
    asked = asyncio.create_task(one(connection, "SELECT pg_sleep(600)"))
    async with asyncio.timeout(30):
        while not await one(other, sleeping):
            await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await one(other, sleeping) == 0
    assert connection.pgconn.transaction_status == TransactionStatus.IDLE
    assert await one(connection, "SELECT %s::int", 7) == 7
    await other.close()


async def test_a_statement_larger_than_the_socket_takes_at_once_arrives_whole(connection: Connection) -> None:
    assert await one(connection, "SELECT length(%s::text)", "p" * 20_000_000) == 20_000_000
    assert await one(connection, "SELECT 1 + %s::int", 1) == 2


async def test_a_refused_statement_leaves_the_connection_as_it_was(connection: Connection) -> None:
    with pytest.raises(DivisionByZero):
        await one(connection, "SELECT 1 / %s::int", 0)
    assert await one(connection, "SELECT 1 + %s::int", 1) == 2


async def test_a_farewell_while_it_rests_wakes_nobody_again_and_again(
    connection: Connection, fresh_database: str
) -> None:
    other = await Connection.connect(libpq_url(fresh_database), autocommit=True)
    assert await one(connection, "SELECT 1") == 1
    watched = connection._watched
    assert watched == connection.fileno()
    await one(other, "SELECT pg_terminate_backend(%s)", connection.info.backend_pid)
    async with asyncio.timeout(30):
        while connection._watched != -1:
            await asyncio.sleep(0)
    assert not asyncio.get_running_loop().remove_reader(watched)
    with pytest.raises(OperationalError):
        await one(connection, "SELECT 1")
    await other.close()


async def test_a_closed_connection_is_watched_no_more(connection: Connection) -> None:
    assert await one(connection, "SELECT 1") == 1
    number = connection.fileno()
    await connection.close()
    assert not asyncio.get_running_loop().remove_reader(number)
