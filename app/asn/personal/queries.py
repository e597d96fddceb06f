"""SQL over everything kept about a person, requests for correction, and what is deleted when its time is over."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, Table, func, select, text, tuple_

from app.asn.models import DataRequest, Employee
from app.core.db import Base, Session
from app.core.principal import Scope
from app.opd.models import Unit

NOT_SHOWN = "(kept, not shown)"
_SECRET = frozenset({"hash"})
_TITLED_BY_ID = {"employee": "id", "access_event": "subject_id"}

_RETENTION = {
    # The newest applied import can still be undone, so its rows stay; a file whose rows are gone is read anew, and can no
    # longer be applied (it was compared with no revision there is).
    "roster_row": """
WITH old AS (
  UPDATE roster_import SET reading = '', base_revision = -1 WHERE status <> 'reading' AND created_at < :staged_before AND id IS DISTINCT FROM
    (SELECT id FROM roster_import WHERE applied_at IS NOT NULL ORDER BY applied_at DESC, id DESC LIMIT 1)
  RETURNING id
), gone AS (DELETE FROM roster_row r USING old WHERE r.import_id = old.id RETURNING 1) SELECT count(*) FROM gone""",
    "roster_link": """
WITH gone AS (DELETE FROM roster_link l USING roster_import i WHERE i.id = l.import_id AND i.created_at < :staged_before
RETURNING 1) SELECT count(*) FROM gone""",
    "roster_nik": """
WITH gone AS (DELETE FROM roster_nik n USING roster_import i WHERE i.id = n.import_id AND i.created_at < :staged_before
RETURNING 1) SELECT count(*) FROM gone""",
    "roster_missing": """
WITH gone AS (DELETE FROM roster_missing m USING roster_import i WHERE i.id = m.import_id AND i.created_at < :staged_before
AND NOT EXISTS (SELECT FROM roster_row r WHERE r.import_id = i.id)
AND i.id IS DISTINCT FROM (SELECT id FROM roster_import WHERE applied_at IS NOT NULL ORDER BY applied_at DESC, id DESC LIMIT 1)
RETURNING 1) SELECT count(*) FROM gone""",
    "employee": """
WITH gone AS (UPDATE employee e SET email = '', phone = '' WHERE NOT current AND updated_at < :left_before AND (email <> '' OR phone <> '')
RETURNING 1) SELECT count(*) FROM gone""",
    "data_request": "WITH gone AS (DELETE FROM data_request WHERE decided_at < :answered_before RETURNING 1) SELECT count(*) FROM gone",
    # Logins stand on a higher floor; only what has long ended is deleted, by its own time.
    "login_session": "WITH gone AS (DELETE FROM login_session WHERE expires_at < :login_before RETURNING 1) SELECT count(*) FROM gone",
    "account_session": "WITH gone AS (DELETE FROM account_session WHERE expires_at < :login_before RETURNING 1) SELECT count(*) FROM gone",
    "account_invitation": "WITH gone AS (DELETE FROM account_invitation WHERE expires_at < :login_before RETURNING 1) SELECT count(*) FROM gone",
    "activation": """
WITH gone AS (DELETE FROM activation a WHERE expires_at < :login_before
AND NOT EXISTS (SELECT FROM login_session s WHERE s.activation_id = a.id) RETURNING 1) SELECT count(*) FROM gone""",
}


async def everything_about(session: Session, employee_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table that names the person, by table; keys and hashes are told as kept, not shown.

    The tables are found by their column, so that one added later is told of without a line here.
    """
    found = {}
    for table in Base.metadata.sorted_tables:
        named = table.c.get(_TITLED_BY_ID.get(table.name, "employee_id"))
        if named is None:
            continue
        statement = select(table).where(named == employee_id, *_by_parent(table)).order_by(*table.primary_key.columns)
        rows = (await session.execute(statement)).mappings().all()
        if rows:
            found[table.name] = [{name: _shown(table, name, value) for name, value in row.items()} for row in rows]
    return found


def _by_parent(table: Table) -> list[ColumnElement[bool]]:
    """Let a table whose key begins with another's (a round, an import) be reached through that one, not read whole."""
    first = next(iter(table.primary_key.columns))
    if first.name == "employee_id" or not first.foreign_keys or len(table.primary_key.columns) == 1:
        return []
    parent = next(iter(first.foreign_keys)).column
    return [first.in_(select(parent))]


def _shown(table: Table, name: str, value: Any) -> Any:
    kept = isinstance(table.c[name].type, LargeBinary) or name in _SECRET
    return NOT_SHOWN if kept and value is not None else value


async def list_requests(
    session: Session,
    scope: Scope,
    *,
    employee_id: UUID | None,
    state: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[tuple[DataRequest, Employee]]:
    """Return requests for correction of people inside the scope, the oldest first."""
    statement = select(DataRequest, Employee).join(Employee, Employee.id == DataRequest.employee_id)
    if scope.agencies is not None:
        statement = statement.join(Unit, Unit.id == Employee.unit_id).where(Unit.agency_id.in_(scope.agencies))
    if employee_id is not None:
        statement = statement.where(DataRequest.employee_id == employee_id)
    if state is not None:
        statement = statement.where(DataRequest.state == state)
    if after is not None:
        statement = statement.where(tuple_(DataRequest.created_at, DataRequest.id) > after)
    found = await session.execute(statement.order_by(DataRequest.created_at, DataRequest.id).limit(limit))
    return [(request, person) for request, person in found]


async def count_open(session: Session, employee_id: UUID) -> int:
    """Return how many requests of a person wait for an answer."""
    statement = (
        select(func.count())
        .select_from(DataRequest)
        .where(DataRequest.employee_id == employee_id, DataRequest.state == "open")
    )
    return (await session.execute(statement)).scalar_one()


async def find_request(session: Session, scope: Scope, request_id: UUID) -> DataRequest | None:
    """Return a request of somebody inside the scope, locked."""
    statement = (
        select(DataRequest)
        .join(Employee, Employee.id == DataRequest.employee_id)
        .join(Unit, Unit.id == Employee.unit_id)
        .where(DataRequest.id == request_id)
    )
    if scope.agencies is not None:
        statement = statement.where(Unit.agency_id.in_(scope.agencies))
    return (await session.execute(statement.with_for_update(of=DataRequest))).scalar_one_or_none()


async def delete_expired(session: Session, before: dict[str, datetime]) -> dict[str, int]:
    """Delete what is kept no longer; return how many rows of which table. Documents, obligations and versions are never touched."""
    done = {}
    for table, statement in _RETENTION.items():
        values = {name: moment for name, moment in before.items() if f":{name}" in statement}
        done[table] = int((await session.execute(text(statement), values)).scalar_one())
    return done
