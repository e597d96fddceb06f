"""SQL that makes the roster what an import says, with its history, and takes it back."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, text

from app.asn.models import RosterState
from app.asn.staging.queries import KEPT, stated
from app.core.db import Session
from app.transparency.models import LogEntry
from app.transparency.record import Fact

VERSIONED = tuple(name for name in KEPT if name not in {"email", "phone"})
_SET = (*KEPT, "pns_id")
_COLUMNS = ", ".join(VERSIONED)
_CORRECTED = "ARRAY['birth_date', 'pns_id', 'email', 'phone']"
"""What the world does not change about a person, or nobody needs the history of: another value corrects, it opens no version."""
_CONTACT = "ARRAY['pns_id', 'email', 'phone']"

_RELEASE_NIPS = """
UPDATE employee e SET nip = e.id::text FROM roster_row r
WHERE r.import_id = :import_id AND r.change = 'changed' AND r.employee_id = e.id AND r.nip <> e.nip AND r.nip <> ''
"""
_UPDATE = f"""
UPDATE employee e SET {", ".join(f"{name} = {stated(name)}" for name in _SET)}, unit_id = u.id, current = true, updated_at = :now
FROM roster_row r JOIN unit u ON u.siasn_id = r.unit
WHERE r.import_id = :import_id AND r.change = 'changed' AND r.employee_id = e.id
"""  # noqa: S608 - names of columns
_INSERT = f"""
INSERT INTO employee (id, pns_id, nik_digest, {", ".join(KEPT)}, unit_id, current, created_at, updated_at)
SELECT r.employee_id, nullif(r.pns_id, ''), r.nik_digest, {", ".join(f"r.{name}" for name in KEPT)}, u.id, true, :now, :now
FROM roster_row r JOIN unit u ON u.siasn_id = r.unit WHERE r.import_id = :import_id AND r.change = 'new'
ORDER BY r.employee_id
"""  # noqa: S608 - names of columns
_LEARN_DIGESTS = """
UPDATE employee e SET nik_digest = r.nik_digest FROM roster_row r
WHERE r.import_id = :import_id AND r.nik_digest <> '' AND r.change IN ('changed', 'unchanged') AND r.employee_id = e.id
  AND e.nip = '' AND e.nik_digest <> r.nik_digest
"""
_LEAVE = """
UPDATE employee e SET current = false, updated_at = :now FROM roster_missing m
WHERE m.import_id = :import_id AND m.employee_id = e.id AND m.decision <> 'keep' AND m.unit_id IS NULL
"""
_MOVE = """
WITH before AS (
  UPDATE roster_missing m SET unit_before = e.unit_id FROM employee e
  WHERE m.import_id = :import_id AND m.employee_id = e.id AND m.decision <> 'keep' RETURNING m.employee_id, m.unit_id
)
UPDATE employee e SET unit_id = b.unit_id, updated_at = :now FROM before b WHERE b.employee_id = e.id AND b.unit_id IS NOT NULL
"""
# Whose version changes, from which day, and why. A version that began later than that day is replaced from its own first day.
_TOUCHED = f"""
CREATE TEMP TABLE roster_touched ON COMMIT DROP AS
SELECT r.employee_id, CAST(:effective AS date) AS since,
  CASE WHEN r.change = 'new' THEN 'new' WHEN r.changes ? 'current' THEN 'returned'
       WHEN r.changes - {_CORRECTED} = '{{}}' THEN 'correction' ELSE 'change' END AS cause
FROM roster_row r
WHERE r.import_id = :import_id AND (r.change = 'new' OR r.change = 'changed' AND r.changes - {_CONTACT} <> '{{}}')
UNION ALL
SELECT m.employee_id, coalesce(m.decided_on, CAST(:effective AS date)), m.decision
FROM roster_missing m WHERE m.import_id = :import_id AND m.decision <> 'keep'
"""  # noqa: S608 - names of columns
_SUPERSEDE = f"""
WITH old AS (
  UPDATE employee_version v SET superseded_at = :now, superseded_by = :import_id FROM roster_touched t
  WHERE v.employee_id = t.employee_id AND v.superseded_at IS NULL AND v.valid_to IS NULL
  RETURNING v.employee_id, v.valid_from, v.unit_id, v.current, t.since, t.cause AS why, v.cause, {_COLUMNS}
), closed AS (
  INSERT INTO employee_version (employee_id, valid_from, valid_to, recorded_at, cause, import_id, recorded_by, unit_id, current, {_COLUMNS})
  SELECT employee_id, valid_from, since, :now, cause, :import_id, :actor, unit_id, current, {_COLUMNS}
  FROM old WHERE why <> 'correction' AND valid_from < since
)
INSERT INTO employee_version (employee_id, valid_from, recorded_at, cause, import_id, recorded_by, unit_id, current, {_COLUMNS})
SELECT t.employee_id,
  CASE WHEN o.employee_id IS NULL THEN t.since WHEN t.cause = 'correction' THEN o.valid_from ELSE greatest(o.valid_from, t.since) END,
  :now, t.cause, :import_id, :actor, e.unit_id, e.current, {", ".join(f"e.{name}" for name in VERSIONED)}
FROM roster_touched t JOIN employee e ON e.id = t.employee_id LEFT JOIN old o ON o.employee_id = t.employee_id
"""  # noqa: S608 - names of columns

_RELEASE_UNDONE_NIPS = """
UPDATE employee e SET nip = e.id::text FROM roster_row r
WHERE r.import_id = :import_id AND r.change = 'changed' AND r.employee_id = e.id AND r.changes ? 'nip'
"""


def _restored(name: str) -> str:
    cast = "::date" if name == "birth_date" else ""
    return f"{name} = CASE WHEN r.changes ? '{name}' THEN (r.changes->'{name}'->>0){cast} ELSE e.{name} END"


_RESTORE = f"""
UPDATE employee e SET {", ".join(map(_restored, _SET))}, unit_id = coalesce(u.id, e.unit_id),
  current = NOT r.changes ? 'current', updated_at = :now
FROM roster_row r LEFT JOIN unit u ON u.siasn_id = r.changes->'unit'->>0
WHERE r.import_id = :import_id AND r.change = 'changed' AND r.employee_id = e.id
"""  # noqa: S608 - names of columns
_COME_BACK = """
UPDATE employee e SET current = true, unit_id = m.unit_before, updated_at = :now FROM roster_missing m
WHERE m.import_id = :import_id AND m.decision <> 'keep' AND m.unit_before IS NOT NULL AND m.employee_id = e.id
"""
_FORGET_VERSIONS = """
DELETE FROM employee_version v USING roster_row r
WHERE r.import_id = :import_id AND r.change = 'new' AND v.employee_id = r.employee_id
"""
_FORGET_PEOPLE = "DELETE FROM employee e USING roster_row r WHERE r.import_id = :import_id AND r.change = 'new' AND e.id = r.employee_id"
_FORGET_NIKS = """
DELETE FROM employee_nik k USING roster_row r WHERE r.import_id = :import_id AND r.change = 'new' AND k.employee_id = r.employee_id
"""
_UNRECORD = """
UPDATE employee_version SET superseded_at = :now WHERE import_id = :import_id AND superseded_at IS NULL
"""
_REINSTATE = f"""
INSERT INTO employee_version (employee_id, valid_from, valid_to, recorded_at, cause, recorded_by, unit_id, current, {_COLUMNS})
SELECT employee_id, valid_from, valid_to, :now, cause, :actor, unit_id, current, {_COLUMNS}
FROM employee_version WHERE superseded_by = :import_id
"""  # noqa: S608 - names of columns


async def lock_state(session: Session) -> RosterState:
    """Return the roster's state, locked: whoever else would change the roster waits."""
    return (await session.execute(select(RosterState).with_for_update())).scalar_one()


async def apply_rows(session: Session, import_id: UUID, actor: UUID, *, effective: date, now: datetime) -> None:
    """Write people and their versions; `effective` is the first day the changes hold."""
    values = {"import_id": import_id, "now": now, "effective": effective, "actor": actor}
    await session.execute(text("SET LOCAL work_mem = '128MB'"))
    await session.execute(text("DROP TABLE IF EXISTS pg_temp.roster_touched"))
    for statement in (
        _TOUCHED,
        "ANALYZE roster_touched",
        _MOVE,
        _LEAVE,
        _RELEASE_NIPS,
        _UPDATE,
        _INSERT,
        _LEARN_DIGESTS,
        _SUPERSEDE,
    ):
        await session.execute(
            text(statement), {name: value for name, value in values.items() if f":{name}" in statement}
        )


async def undo_rows(session: Session, import_id: UUID, actor: UUID, *, now: datetime) -> None:
    """Take back what `apply_rows` did; raises the database's own error when something refers to a new person."""
    values = {"import_id": import_id, "now": now, "actor": actor}
    for statement in (
        *(_FORGET_VERSIONS, _FORGET_NIKS, _FORGET_PEOPLE, _RELEASE_UNDONE_NIPS, _RESTORE, _COME_BACK),
        *(_UNRECORD, _REINSTATE),
    ):
        await session.execute(
            text(statement), {name: value for name, value in values.items() if f":{name}" in statement}
        )


async def find_dependent(session: Session, import_id: UUID, kinds: Sequence[Fact]) -> str | None:
    """Return the kind of the first fact of these kinds that the log holds from after an import was applied (ids are in time)."""
    applied = (
        select(LogEntry.id)
        .where(LogEntry.subject_id == import_id, LogEntry.kind == Fact.ROSTER_APPLIED.value)
        .scalar_subquery()
    )
    statement = (
        select(LogEntry.kind)
        .where(LogEntry.id > applied, LogEntry.kind.in_([kind.value for kind in kinds]))
        .order_by(LogEntry.id)
        .limit(1)
    )
    found: str | None = (await session.execute(statement)).scalar_one_or_none()
    return found
