"""SQL of the search for people. Every statement names the agencies it may read, and reads nothing of the others."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Result, String, Uuid, bindparam, select, text

from app.asn.models import Employee
from app.core.db import Session
from app.core.principal import Scope
from app.opd.models import Unit

_TAKE = """
CREATE TEMP TABLE index_taken ON COMMIT DROP AS
WITH taken AS (
  DELETE FROM employee_unindexed WHERE id IN (SELECT id FROM employee_unindexed ORDER BY id LIMIT :most) RETURNING employee_id
)
SELECT employee_id, count(*) AS notes FROM taken GROUP BY employee_id
"""
# One by one by key (OFFSET 0 keeps the order): people just imported have no statistics yet, and the planner would join all with all.
_WORDS = """
CREATE TEMP TABLE index_word ON COMMIT DROP AS
SELECT DISTINCT p.agency_id, w.word COLLATE "C" AS word, p.name COLLATE "C" AS name, p.id
FROM (SELECT u.agency_id, e.id, e.nip, regexp_replace(lower(e.local_number), '[^a-z0-9]', '', 'g') AS number, pakta_fold_name(e.name) AS name FROM index_taken t
      CROSS JOIN LATERAL (SELECT * FROM employee e WHERE e.id = t.employee_id AND e.current OFFSET 0) e
      CROSS JOIN LATERAL (SELECT * FROM unit u WHERE u.id = e.unit_id OFFSET 0) u OFFSET 0) p
CROSS JOIN LATERAL unnest(string_to_array(p.name, ' ') || ARRAY[p.nip, substr(p.nip, 9), substr(p.nip, 15), p.number, substring(p.number FROM '[0-9]+$')]) w(word) WHERE w.word <> ''
"""
# How words are reached: a `part` is the word from any letter on (three letters or more, and the whole); `near` is the word, and the word
# less each of its letters, so that two words that differ by one letter more, less, other or swapped share one (symmetric deletion).
_KEYS = """
INSERT INTO name_key (agency_id, kind, key, word)
WITH fresh AS MATERIALIZED (
  SELECT DISTINCT agency_id, word FROM index_word w WHERE word ~ '^[a-z]' AND NOT EXISTS
    (SELECT FROM name_key k WHERE k.agency_id = w.agency_id AND k.kind = 'part' AND k.key = w.word AND k.word = w.word)
)
SELECT agency_id, 'part', substr(word, n), word FROM fresh, generate_series(1, greatest(length(word) - 2, 1)) n
UNION
SELECT agency_id, 'near', word, word FROM fresh WHERE length(word) > 3
UNION
SELECT agency_id, 'near', left(word, n - 1) || substr(word, n + 1), word FROM fresh, generate_series(1, length(word)) n
WHERE length(word) > 3
ON CONFLICT DO NOTHING
"""
_INDEX = (
    "DROP TABLE IF EXISTS pg_temp.index_taken, pg_temp.index_word",
    "ANALYZE index_taken",
    "DELETE FROM employee_term t USING index_taken n WHERE t.employee_id = n.employee_id",
    _WORDS,
    _KEYS,
    "INSERT INTO employee_term SELECT agency_id, word, name, id FROM index_word ORDER BY agency_id, word, name, id ON CONFLICT DO NOTHING",
)
_FORGET_WORDS = """
DELETE FROM name_key k WHERE NOT EXISTS (SELECT FROM employee_term t WHERE t.agency_id = k.agency_id AND t.word = k.word)
"""

_RANGE = """
SELECT a.id AS agency_id, t.word, t.name, t.employee_id FROM unnest(:agencies) a(id) CROSS JOIN LATERAL (
  SELECT word, name, employee_id FROM employee_term t
  WHERE t.agency_id = a.id AND t.word >= :low AND t.word < :high {filters}
  ORDER BY t.word, t.name, t.employee_id LIMIT :most) t
"""
_LISTED = """
SELECT a.id AS agency_id, t.word, t.name, t.employee_id FROM unnest(:agencies) a(id) CROSS JOIN unnest(:words) w(word) CROSS JOIN LATERAL (
  SELECT word, name, employee_id FROM employee_term t
  WHERE t.agency_id = a.id AND t.word = w.word {filters}
  ORDER BY t.word, t.name, t.employee_id LIMIT :most) t
"""
_MERGED = "ORDER BY t.word, t.name, t.employee_id LIMIT :most"
_AFTER = "AND (t.word, t.name, t.employee_id) > (:after_word, :after_name, :after_id)"
# Somebody with two words in the range is found by the first of them only.
_FIRST_WORD = """AND (t.word ~ '^[0-9]' OR t.word = (SELECT min(x COLLATE "C") FROM unnest(string_to_array(t.name, ' ')) x
  WHERE x COLLATE "C" >= :low AND x COLLATE "C" < :high))"""
_UNITS = """
SELECT u.id, u.folded FROM unit u WHERE u.agency_id = ANY(:agencies) AND u.valid_to IS NULL AND ' ' || u.folded LIKE ALL (:patterns)
AND (u.folded, u.id) >= (:after_unit, :after_unit_id)
ORDER BY u.folded, u.id LIMIT :most
"""
_STAFF = """
SELECT u.folded AS word, e.name, e.id AS employee_id, u.id AS unit_id FROM unit u CROSS JOIN LATERAL (
  SELECT e.id, e.name FROM employee e WHERE e.unit_id = u.id AND e.current {filters}
  ORDER BY e.name, e.id LIMIT :most) e
WHERE u.id = ANY(:units) ORDER BY u.folded, u.id, e.name, e.id LIMIT :most
"""


ONLY = {
    "unit_id": "AND (SELECT f.unit_id FROM employee f WHERE f.id = {of}) = :only_unit_id",
    "employment": "AND (SELECT f.employment FROM employee f WHERE f.id = {of}) = :only_employment",
}
STAFF_AFTER = "AND (u.folded, u.id, e.name, e.id) > (:after_unit, :after_unit_id, :after_name, :after_id)"


async def index(session: Session, most: int) -> int:
    """Write the words of noted people anew; return how many notes were taken."""
    await session.execute(text(_INDEX[0]))
    await session.execute(text(_TAKE), {"most": most})
    for statement in _INDEX[1:]:
        await session.execute(text(statement))
    taken: int = (await session.execute(text("SELECT coalesce(sum(notes), 0)::int FROM index_taken"))).scalar_one()
    return taken


async def count_unindexed(session: Session, most: int) -> int:
    """Return how many notes wait, counting no further than `most`."""
    statement = text("SELECT count(*) FROM (SELECT FROM employee_unindexed LIMIT :most) n")
    return int((await session.execute(statement, {"most": most})).scalar_one())


async def forget_words(session: Session) -> None:
    """Delete the keys of words nobody is found by."""
    await session.execute(text(_FORGET_WORDS))


async def fold(session: Session, stated: str) -> str:
    """Return a text as names are folded, degrees left out."""
    return str((await session.execute(text("SELECT pakta_fold_name(:stated)"), {"stated": stated})).scalar_one())


async def agencies_of(session: Session, scope: Scope) -> list[UUID]:
    """Return every agency the caller may see."""
    if scope.agencies is not None:
        return sorted(scope.agencies)
    return list((await session.execute(select(Unit.id).where(Unit.is_agency).order_by(Unit.id))).scalars())


async def count_words(session: Session, agencies: Sequence[UUID], word: str, most: int) -> int:
    """Return how many people are found by words that begin so, counting no further than `most` an agency."""
    statement = text(
        "SELECT coalesce(sum(n), 0)::int FROM unnest(:agencies) a(id) CROSS JOIN LATERAL (SELECT count(*) AS n FROM "
        "(SELECT FROM employee_term t WHERE t.agency_id = a.id AND t.word >= :low AND t.word < :high LIMIT :most) x) c"
    ).bindparams(bindparam("agencies", type_=ARRAY(Uuid())))
    values = {"agencies": agencies, "low": word, "high": end_of(word), "most": most}
    return int((await session.execute(statement, values)).scalar_one())


async def list_keyed(session: Session, agencies: Sequence[UUID], kind: str, keys: Sequence[str]) -> list[str]:
    """Return the words of the agencies' names that have one of the keys, by kind `near`."""
    statement = text(
        "SELECT DISTINCT word FROM name_key WHERE agency_id = ANY(:agencies) AND kind = :kind AND key = ANY(:keys) ORDER BY word"
    ).bindparams(bindparam("agencies", type_=ARRAY(Uuid())), bindparam("keys", type_=ARRAY(String())))
    found = await session.execute(statement, {"agencies": agencies, "kind": kind, "keys": keys})
    return list(found.scalars())


async def list_holding(session: Session, agencies: Sequence[UUID], part: str, after: str, most: int) -> list[str]:
    """Return words of the agencies' names that hold a part but do not begin with it, from a word on, in order."""
    statement = text(
        "SELECT DISTINCT word FROM name_key WHERE agency_id = ANY(:agencies) AND kind = 'part' AND key >= :low AND key < :high "
        "AND NOT starts_with(word, :low) AND word >= :after ORDER BY word LIMIT :most"
    ).bindparams(bindparam("agencies", type_=ARRAY(Uuid())))
    values = {"agencies": agencies, "low": part, "high": end_of(part), "after": after, "most": most}
    return list((await session.execute(statement, values)).scalars())


def end_of(prefix: str) -> str:
    """Return the first text that is behind everything with a prefix; folded text holds small ASCII letters and digits only."""
    return prefix + "\x7f"


async def list_found(
    session: Session,
    agencies: Sequence[UUID],
    *,
    words: Sequence[str] | None,
    prefix: str,
    after: tuple[str, str, UUID] | None,
    conditions: dict[str, Any],
    filters: Sequence[str],
    limit: int,
) -> list[tuple[str, str, UUID]]:
    """Return (word, folded name, employee) by listed words, or by the words with a prefix, in that order."""
    found = await _run(session, agencies, words, prefix, after, conditions, filters, limit, merged=True)
    return [(row.word, row.name, row.employee_id) for row in found]


async def list_each(
    session: Session,
    agencies: Sequence[UUID],
    *,
    words: Sequence[str] | None,
    prefix: str,
    after: tuple[str, str, UUID] | None,
    conditions: dict[str, Any],
    filters: Sequence[str],
    each: int,
) -> list[tuple[UUID, tuple[str, str, UUID]]]:
    """Return the same, at most `each` of every agency, with the agency."""
    found = await _run(session, agencies, words, prefix, after, conditions, filters, each, merged=False)
    return [(row.agency_id, (row.word, row.name, row.employee_id)) for row in found]


async def _run(
    session: Session,
    agencies: Sequence[UUID],
    words: Sequence[str] | None,
    prefix: str,
    after: tuple[str, str, UUID] | None,
    conditions: dict[str, Any],
    filters: Sequence[str],
    most: int,
    *,
    merged: bool,
) -> Result[Any]:
    parts = list(filters)
    values: dict[str, Any] = {"agencies": agencies, "most": most, **conditions}
    types: list[Any] = [bindparam("agencies", type_=ARRAY(Uuid()))]
    if words is None:
        values |= {"low": prefix, "high": end_of(prefix)}
        parts.append(_FIRST_WORD)
    else:
        values["words"] = list(words)
        types.append(bindparam("words", type_=ARRAY(String())))
    if after is not None:
        parts.append(_AFTER)
        values |= dict(zip(("after_word", "after_name", "after_id"), after, strict=True))
    statement = (_RANGE if words is None else _LISTED).format(filters=" ".join(parts)) + (_MERGED if merged else "")
    return await session.execute(text(statement).bindparams(*types), values)


async def list_inside(session: Session, ids: Sequence[UUID], units: Sequence[UUID]) -> set[UUID]:
    """Return which of the people stand in one of the units."""
    statement = text("SELECT id FROM employee WHERE id = ANY(:ids) AND unit_id = ANY(:units)").bindparams(
        bindparam("ids", type_=ARRAY(Uuid())), bindparam("units", type_=ARRAY(Uuid()))
    )
    return set((await session.execute(statement, {"ids": list(ids), "units": list(units)})).scalars())


async def list_few_staff(session: Session, units: Sequence[UUID], most: int) -> list[UUID]:
    """Return who stands in the units, at most so many."""
    statement = text("SELECT id FROM employee WHERE unit_id = ANY(:units) AND current LIMIT :most").bindparams(
        bindparam("units", type_=ARRAY(Uuid()))
    )
    return list((await session.execute(statement, {"units": list(units), "most": most})).scalars())


async def list_units(
    session: Session,
    agencies: Sequence[UUID],
    patterns: Sequence[str],
    *,
    after: tuple[str, UUID] = ("", UUID(int=0)),
    most: int | None = None,
) -> list[tuple[UUID, str]]:
    """Return open units (id, folded name) of the agencies whose folded name matches all the patterns, from one on."""
    statement = text(_UNITS).bindparams(
        bindparam("agencies", type_=ARRAY(Uuid())),
        bindparam("patterns", type_=ARRAY(String())),
        bindparam("after_unit_id", type_=Uuid()),
    )
    values = {
        "agencies": agencies,
        "patterns": list(patterns),
        "after_unit": after[0],
        "after_unit_id": after[1],
        "most": most,
    }
    return [(row.id, row.folded) for row in await session.execute(statement, values)]


async def list_staff(
    session: Session,
    units: Sequence[UUID],
    *,
    filters: Sequence[str],
    values: dict[str, Any],
    limit: int,
) -> list[tuple[str, UUID, str, UUID]]:
    """Return (unit's folded name, unit, name, employee) of who is in the units, in that order."""
    statement = text(_STAFF.format(filters=" ".join(filters))).bindparams(bindparam("units", type_=ARRAY(Uuid())))
    found = await session.execute(statement, {"units": list(units), "most": limit, **values})
    return [(row.word, row.unit_id, row.name, row.employee_id) for row in found]


async def get_people(
    session: Session, agencies: Sequence[UUID], ids: Sequence[UUID]
) -> dict[UUID, tuple[Employee, Unit]]:
    """Return current people of the agencies with their units: somebody who has moved since is not there."""
    statement = (
        select(Employee, Unit)
        .join(Unit, Unit.id == Employee.unit_id)
        .where(Employee.id.in_(ids), Employee.current, Unit.agency_id.in_(agencies))
    )
    return {person.id: (person, unit) for person, unit in await session.execute(statement)}
