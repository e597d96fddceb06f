"""Statements every ceremony asks: compiled once, sent by the driver itself, their rows given to the session.

The ORM's own `execute` builds a key, a context and a result for each call, several times what the driver needs to ask a row by its key. A
`Prepared` statement is compiled when its module is imported; entities it returns belong to the session as if the ORM had loaded them: one
object a row, changes are written at the next flush.

Values are what psycopg adapts by itself (JSON: anything, by the column's type). Errors are psycopg's own.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, TypeVarTuple
from uuid import UUID

from psycopg import AsyncConnection
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Executable,
    Select,
    Uuid,
    any_,
    bindparam,
    cast,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import InstrumentedAttribute, Mapper, class_mapper, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.compiler import SQLCompiler

from app.core.db import Session, raw_connection, read_alone

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_DIALECT = PGDialect_psycopg(paramstyle="pyformat")  # type: ignore[no-untyped-call]


def among(column: ColumnElement[UUID] | InstrumentedAttribute[UUID], name: str) -> ColumnElement[bool]:
    """A condition: the column is one of the ids of an array bound by `name`.

    PostgreSQL plans a statement anew each time if that looks cheaper than a plan for any values, which it does for an array of one or two
    where it expects ten. Asked for by a subselect the length is unknown either way, and the one plan is kept.
    """
    ids = select(bindparam(name, type_=ARRAY(Uuid))).scalar_subquery()
    return column == any_(cast(ids, ARRAY(Uuid)))


class Statement:
    """Any statement that is sent as it is: compiled once, run with values by name."""

    def __init__(self, statement: Executable, columns: Sequence[str] | None = None, *, alone: bool = False) -> None:
        """`alone`: it only reads, locks nothing and sets nothing, so it begins no transaction (app/core/alone.py)."""
        self._alone = alone
        compiled: Any = statement.compile(  # type: ignore[attr-defined]
            dialect=_DIALECT,
            column_keys=list(columns) if columns else None,
        )
        assert isinstance(compiled, SQLCompiler)
        self.sql = str(compiled)
        self._fixed = {name: bound.value for name, bound in compiled.binds.items() if not bound.required}
        self._written: dict[str, Callable[[Any], Any]] = {}
        for name, bound in compiled.binds.items():
            if process := bound.type.dialect_impl(_DIALECT).bind_processor(_DIALECT):
                self._written[name] = process

    def values(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return what the driver is given: fixed values of the statement, and the caller's as their columns want them."""
        values = self._fixed | given
        for name, process in self._written.items():
            values[name] = process(values[name])
        return values

    async def rows(self, session: Session, **given: Any) -> list[tuple[Any, ...]]:
        """Run it, after writing what the session has not written yet; return its rows."""
        await _write(session)
        values = self.values(given)
        if self._alone and (found := await read_alone(session, self.sql, values)) is not None:
            return found
        async with (await raw_connection(session)).cursor() as cursor:
            await cursor.execute(self.sql, values, prepare=True)
            return await cursor.fetchall()

    async def each(self, session: Session, given: Sequence[dict[str, Any]]) -> int:
        """Run it for each set of values, in one round trip; return how many rows it was about."""
        async with (await _ready(session)).cursor() as cursor:
            if len(given) == 1:
                await cursor.execute(self.sql, self.values(given[0]), prepare=True)
            else:
                await cursor.executemany(self.sql, [self.values(one) for one in given])
            return cursor.rowcount

    async def run(self, session: Session, **given: Any) -> int:
        """Run it; return how many rows it was about."""
        async with (await _ready(session)).cursor() as cursor:
            await cursor.execute(self.sql, self.values(given), prepare=True)
            return cursor.rowcount


class Prepared(Statement, Generic[*Ts]):
    """A SELECT of entities and single columns."""

    def __init__(self, statement: Select[*Ts], *, fresh: bool = False, alone: bool = False) -> None:
        """`fresh`: an entity the session holds already takes on what was read, as after a lock; `alone`: see `Statement`."""
        asked = [described["expr"] for described in statement.column_descriptions]
        entities = [_mapper(one) for one in asked]
        columns = [
            [getattr(mapper.class_, a.key) for a in mapper.column_attrs] if mapper else [one]
            for mapper, one in zip(entities, asked, strict=True)
        ]
        super().__init__(
            statement.with_only_columns(*(c for some in columns for c in some), maintain_column_froms=True),
            alone=alone,
        )
        self._fresh = fresh
        self._parts: list[tuple[int, int, _Loader | None]] = []
        at = 0
        for mapper, some in zip(entities, columns, strict=True):
            self._parts.append((at, at + len(some), _Loader(mapper, some) if mapper else None))
            at += len(some)

    async def all(self, session: Session, **given: Any) -> list[tuple[*Ts]]:
        """Return the rows, entities belonging to the session."""
        return [self._row(session, row) for row in await self.rows(session, **given)]

    async def first(self, session: Session, **given: Any) -> tuple[*Ts] | None:
        """Return the first row, or None."""
        rows = await self.rows(session, **given)
        return self._row(session, rows[0]) if rows else None

    def _row(self, session: Session, row: tuple[Any, ...]) -> tuple[*Ts]:
        made: Any = tuple(
            load.entity(session, row[start:end], fresh=self._fresh) if load else row[start]
            for start, end, load in self._parts
        )
        return made  # type: ignore[no-any-return]


class Insertion(Generic[T]):
    """Writes new entities of a class; the session has them as if it had written them."""

    def __init__(self, entity: type[T], *, empty: Sequence[str] = ()) -> None:
        """`empty`: columns a new row has nothing in."""
        self._empty = empty
        self._names = [a.key for a in class_mapper(entity).column_attrs if a.key not in empty]
        self._statement = Statement(insert(entity), self._names)

    async def write(self, session: Session, *entities: T) -> None:
        """Insert entities no session has yet; every other column must have been given."""
        await self._statement.each(session, [{name: one.__dict__[name] for name in self._names} for one in entities])
        for one in entities:
            for name in self._empty:
                set_committed_value(one, name, None)
            make_transient_to_detached(one)
            session.add(one)


class Change(Generic[T]):
    """Writes some columns of entities by their key at once, without waiting for a flush."""

    def __init__(self, entity: type[T], *columns: str) -> None:
        mapper = class_mapper(entity)
        self._key = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        by_key = [column == bindparam(f"key_{column.key}") for column in mapper.primary_key]
        self._statement = Statement(update(entity).where(*by_key), columns)

    async def write(self, session: Session, *changes: tuple[T, dict[str, Any]]) -> None:
        """Update each entity with its own values, all of the named columns."""
        keyed = [{f"key_{name}": getattr(entity, name) for name in self._key} | values for entity, values in changes]
        await self._statement.each(session, keyed)
        for entity, values in changes:
            for name, value in values.items():
                set_committed_value(entity, name, value)


class _Loader:
    """Makes entities of one class from the values of its columns."""

    def __init__(self, mapper: Mapper[Any], columns: Sequence[InstrumentedAttribute[Any]]) -> None:
        self._mapper = mapper
        self._new = mapper.class_manager.new_instance
        self._names = [column.key for column in columns]
        self._key = [self._names.index(mapper.get_property_by_column(c).key) for c in mapper.primary_key]

    def entity(self, session: Session, values: Sequence[Any], *, fresh: bool) -> Any:
        """Return the session's own object of a row; None for the empty side of an outer join."""
        key = tuple(values[place] for place in self._key)
        if None in key:
            return None
        found = session.sync_session.identity_map.get(self._mapper.identity_key_from_primary_key(key))
        if found is not None and not fresh:
            return found
        given = dict(zip(self._names, values, strict=True))
        if found is not None:
            for name, value in given.items():
                set_committed_value(found, name, value)
            return found
        made = self._new()  # its values are as they are stored: no attribute need hear of them as of a change
        made.__dict__.update(given)
        make_transient_to_detached(made)
        session.add(made)
        return made


def _mapper(expression: Any) -> Mapper[Any] | None:
    found = inspect(expression, raiseerr=False)
    return found if isinstance(found, Mapper) else None


async def _write(session: Session) -> None:
    """Write what waits in the session, since the statement may ask for it."""
    if session.new or session.dirty or session.deleted:
        await session.flush()


async def _ready(session: Session) -> AsyncConnection[Any]:
    """Return the connection of the session's transaction, with everything written."""
    await _write(session)
    return await raw_connection(session)
