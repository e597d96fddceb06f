"""The database: one engine a process, one session a request or job, committed before the answer leaves."""

import asyncio
import select
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from psycopg import AsyncConnection, sql
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import DateTime, MetaData, TextClause, Uuid, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, SessionTransaction
from sqlalchemy.orm import Session as SyncSession
from sqlalchemy.pool import ConnectionPoolEntry

from app.core import faults
from app.core.alone import Readers, Rows
from app.core.driver import Connection
from app.core.errors import AppError
from app.core.pool import BUSY_SECONDS, Pool
from app.core.settings import DatabaseSettings

Session = AsyncSession

log = structlog.get_logger()
TOLD = "db.told"
"""Where a session's owner leaves what is also said on standard output once it is committed: plain values, no secrets, no names."""
_RAW, _CONFINED, _READERS, _THEN = "db.raw", "db.confined", "db.readers", "db.then"
PREPARED = 400  # statements a connection keeps prepared: more than the service has that are asked again and again
RESTED_SECONDS = 30.0  # after which a pooled connection is asked whether it still lives
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


SERVICE_ROLE = "pakta_service"
SCOPED_ROLE = "pakta_scoped"
"""What every connection of the service runs as, and what a transaction becomes for a limited caller (app/core/confinement.py)."""


class Base(DeclarativeBase):
    """Declarative base with a naming convention, so that migrations can name every constraint."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[str]: JSONB(),
        list[dict[str, Any]]: JSONB(),
    }


def driver_url(url: str) -> str:
    """Return a PostgreSQL URL that names the driver; other databases are refused by the driver itself."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in {"postgres", "postgresql"} else url


def libpq_url(url: str) -> str:
    """Return the URL in libpq's own form, for psycopg and the job queue."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def as_service() -> str:
    """Libpq's `options` that make a new connection drop whatever its login may do beyond the service's own role."""
    return f"-c role={SERVICE_ROLE}"


class Database:
    """The connection pool, and sessions on it."""

    def __init__(self, url: str, settings: DatabaseSettings, *, tells: bool = False) -> None:
        """`tells`: what is left under `TOLD` in a session is said on standard output once it is committed."""
        self.tells = tells
        self.url = driver_url(url)
        self.engine = create_async_engine(
            self.url,
            pool_size=settings.pool_size,
            max_overflow=settings.pool_size * 3,
            pool_use_lifo=True,
            poolclass=Pool,
            pool_timeout=BUSY_SECONDS,
            connect_args={
                "async_creator_fn": Connection.connect,
                "prepare_threshold": 5,
                "options": as_service(),
            },
        )
        event.listen(self.engine.sync_engine, "connect", _keep_prepared)
        event.listen(self.engine.sync_engine, "checkin", _note_rest)
        event.listen(self.engine.sync_engine, "checkout", self._greet_rested)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, sync_session_class=_Session)
        self._readers = Readers(libpq_url(self.url), settings.pool_size)
        self.queue: object | None = None  # the job queue, so that `jobs.defer` can write into the session's transaction

    def _greet_rested(self, connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        """Ask a connection whether it still lives if the server said something while it rested, or it rested long.

        The pool's own `pre_ping` asks every time, which costs a request as much as a statement of its own. A server that ends a
        connection says so, and words nobody asked for make the socket readable; only a network that died in silence does not.
        """
        rested = time.monotonic() - record.info.get("rested", -RESTED_SECONDS)
        spoken_to, _, _ = select.select([connection.driver_connection.fileno()], [], [], 0)
        if not spoken_to and rested < RESTED_SECONDS:
            return
        try:
            self.engine.dialect.do_ping(connection)
        except self.engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("the connection died while it rested") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises. The only place that commits.

        It begins with the first statement that needs it; a session of reads that stand alone (app/core/alone.py) never has one.
        """
        session = self._sessions(info={"queue": self.queue, _READERS: self._readers})
        try:
            yield session
        except AppError as refusal:
            if refusal.remembered:
                await session.commit()
                self._tell(session)
            raise
        else:
            if session.in_transaction():
                await session.commit()
            faults.committed(session)
            self._tell(session)
        finally:
            if _RAW in session.info or session.in_transaction():
                # whoever is cancelled leaves no connection behind
                await asyncio.shield(asyncio.create_task(session.close()))

    def _tell(self, session: Session) -> None:
        if self.tells:
            for told in session.info.get(TOLD, ()):
                log.info("access", **told)

    async def close(self) -> None:
        """Close every pooled connection."""
        await self._readers.close()
        await self.engine.dispose()


def _keep_prepared(connection: Any, _record: ConnectionPoolEntry) -> None:
    connection.driver_connection.prepared_max = PREPARED


def _note_rest(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["rested"] = time.monotonic()


def once_committed(session: Session, then: Callable[[], None]) -> None:
    """Have something done the moment the database has said that the session's transaction is committed, before anything else runs.

    That transaction alone: where it is rolled back, nothing is done, whatever the session commits later.
    """
    bound = session.sync_session
    session.info[_THEN] = bound.get_transaction() or bound.begin(), then


async def take_turn(session: Session, key: int) -> None:
    """Wait until no other transaction, of this process or another, holds the turn of a key; hold it to the end of this one."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


async def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert many rows by COPY in the session's own transaction (some 200,000 a second); JSON values go in as text.

    PostgreSQL refuses COPY into a table under row-level security: `insert_rows` is for those.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(*_names(table, columns))
    async with (await raw_connection(session)).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)


async def insert_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert many rows in the session's own transaction (some 120,000 a second): prepared once, sent in a pipeline."""
    async with (await raw_connection(session)).cursor() as cursor:
        await cursor.executemany(_insert(table, tuple(columns)), rows)


@cache
def _insert(table: str, columns: tuple[str, ...]) -> str:
    places = sql.SQL(", ").join([sql.Placeholder()] * len(columns))
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(*_names(table, columns), places).as_string()


def _names(table: str, columns: Sequence[str]) -> tuple[sql.Composable, sql.Composable]:
    return sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))


async def raw_connection(session: Session) -> AsyncConnection[Any]:
    """Return the driver's own connection of the session's transaction, which begins with it."""
    found = begun(session)
    if found is None:
        await session.connection()
        found = begun(session)
        assert found is not None
    return found


def begun(session: Session) -> AsyncConnection[Any] | None:
    """Return the driver's own connection of the session's transaction if that has begun: if the database was asked anything in it."""
    transaction, raw = session.info.get(_RAW, (None, None))
    return raw if transaction is not None and transaction is session.sync_session.get_transaction() else None


async def confine_by(session: Session, statement: TextClause, values: dict[str, str]) -> None:
    """Confine the session's transaction by a statement: one that has begun at once, any that begins later with its first breath."""
    session.info[_CONFINED] = statement, values
    if begun(session):
        await session.execute(statement, values)


async def read_alone(session: Session, statement: str, values: dict[str, Any]) -> Rows | None:
    """Return what a read answers by itself; None when it belongs into the session's transaction, since that has begun."""
    readers: Readers | None = session.info.get(_READERS)
    if readers is None or begun(session):
        return None
    return await readers.rows(SCOPED_ROLE if _CONFINED in session.info else SERVICE_ROLE, statement, values)


class _Session(SyncSession):
    """The ORM's part of a session; it knows when its transaction begins in the database."""


@event.listens_for(_Session, "after_begin")
def _note_begin(session: SyncSession, _transaction: SessionTransaction, connection: SyncConnection) -> None:
    session.info[_RAW] = session.get_transaction(), connection.connection.driver_connection
    if confined := session.info.get(_CONFINED):
        connection.execute(*confined)


@event.listens_for(_Session, "after_commit")
def _do_next(session: SyncSession) -> None:
    if session.in_nested_transaction():
        return
    transaction, then = session.info.pop(_THEN, (None, None))
    if then is not None and transaction is session.get_transaction():
        then()
