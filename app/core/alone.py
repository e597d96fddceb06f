"""Reads that stand alone: one statement, asked without a transaction around it.

In READ COMMITTED every statement has a snapshot of its own, so a transaction that has only read gives its caller nothing but the wait for
BEGIN and COMMIT. A read that stands alone goes over a connection of its own that is in autocommit, can write nothing, and runs as the role the
session's caller has: with nothing set, the scoped role sees no protected row at all (app/core/confinement.py).
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection, OperationalError
from psycopg.pq import TransactionStatus

from app.core.driver import Connection

Rows = list[tuple[Any, ...]]


class Readers:
    """Connections for reads that stand alone, opened when they are wanted and kept by role."""

    def __init__(self, url: str, most: int) -> None:
        """`url` in libpq's form; at most `most` statements are under way at once."""
        self._url = url
        self._turns = asyncio.Semaphore(most)
        self._closed = False
        self._resting: defaultdict[str, list[AsyncConnection[Any]]] = defaultdict(list)

    async def rows(self, role: str, statement: str, values: Mapping[str, Any]) -> Rows:
        """Ask as a role. A connection that died while it rested costs the caller nothing: a read can be asked again."""
        async with self._turns:
            while resting := self._resting[role]:
                connection = resting.pop()  # the one used last: it was alive a moment ago
                try:
                    return await self._ask(connection, role, statement, values)
                except OperationalError:
                    if not connection.closed:
                        raise
            return await self._ask(await self._connect(role), role, statement, values)

    async def close(self) -> None:
        """Close what rests, and whatever is under way when it is done."""
        self._closed = True
        for resting in self._resting.values():
            while resting:
                await resting.pop().close()

    async def _ask(
        self, connection: AsyncConnection[Any], role: str, statement: str, values: Mapping[str, Any]
    ) -> Rows:
        try:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall()
        finally:
            if not self._closed and connection.pgconn.transaction_status == TransactionStatus.IDLE:
                self._resting[role].append(connection)
            else:
                await connection.close()

    async def _connect(self, role: str) -> AsyncConnection[Any]:
        options = f"-c role={role} -c default_transaction_read_only=on"
        return await Connection.connect(self._url, autocommit=True, prepare_threshold=0, options=options)
