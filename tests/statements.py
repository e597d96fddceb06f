"""What a piece of code says to the database, whoever says it: the ORM, a prepared statement, rows in bulk."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement this process sends by an asynchronous cursor, in order; jobs of other services included."""
    seen: list[str] = []
    cursor = psycopg.AsyncCursor
    execute, executemany = cursor.execute, cursor.executemany

    def noting(send: Any) -> Any:
        async def sent(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append(query if isinstance(query, str) else str(query))
            return await send(self, query, *args, **kwargs)

        return sent

    cursor.execute, cursor.executemany = noting(execute), noting(executemany)  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        cursor.execute, cursor.executemany = execute, executemany  # type: ignore[method-assign]
