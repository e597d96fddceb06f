"""SQL of the search for people.

A caller of some agencies is served by keys that begin with the agency, so that nothing of the others is read; one who sees everything by keys
that begin with the word, so that no run is repeated for each agency. `agencies` is None for the latter.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, String, TextClause, Uuid, bindparam, select, text

from app.asn.models import Employee
from app.asn.search.models import EVERYWHERE
from app.core.db import Session
from app.opd.models import Unit

Agencies = Sequence[UUID] | None
_LISTS = (bindparam("agencies", type_=ARRAY(Uuid())), bindparam("patterns", type_=ARRAY(String())))
_LAST = "\x7f"
# A run is read in its order until the page is full: of each agency, of each word. People who were picked before are read one by one.
_RUN = """
SELECT t.word, t.name, t.employee_id FROM {runs} CROSS JOIN LATERAL (
  SELECT t.word, t.name, t.employee_id FROM {source} WHERE {words} {filters}
  ORDER BY t.word, t.name, t.employee_id LIMIT :most) t
ORDER BY t.word, t.name, t.employee_id LIMIT :most
"""
_EVERY_RUN = "(SELECT) a"
_OF_AGENCIES = "unnest(CAST(:agencies AS uuid[])) a(id)"
_OF_WORDS = "CROSS JOIN unnest(CAST(:words AS text[])) w(word)"
_BEGINNING = "t.word >= :low AND t.word < :high"
_TERMS = "employee_term t"
_TERMS_OF_STAFF = """unnest(CAST(:staff AS uuid[])) s(id)
  CROSS JOIN LATERAL (SELECT * FROM employee_term x WHERE x.employee_id = s.id OFFSET 0) t"""
_NAMED = (
    """u.valid_to IS NULL AND ' ' || u.folded LIKE ALL (:patterns) AND (:everywhere OR u.agency_id = ANY(:agencies))"""
)
_OF_UNITS = f"""
SELECT w.word FROM unnest(CAST(:words AS text[])) w(word) WHERE EXISTS (SELECT FROM unit u
  WHERE {_NAMED.replace("LIKE ALL (:patterns)", "LIKE '% ' || w.word || '%'")})
"""  # noqa: S608 - constants
_FEW_STAFF = f"""
SELECT e.id FROM (SELECT u.id FROM unit u WHERE {_NAMED} OFFSET 0) u CROSS JOIN LATERAL (
  SELECT e.id FROM employee e WHERE e.unit_id = u.id AND e.current LIMIT :most) e LIMIT :most
"""  # noqa: S608 - constants
# Where a row written before units were noted here stands is asked of the person. IS TRUE keeps the planner from making it a join, which
# would read the whole run before the first row.
IN_UNITS = f"""AND (coalesce(t.unit_id, (SELECT f.unit_id FROM employee f WHERE f.id = t.employee_id))
  IN (SELECT u.id FROM unit u WHERE {_NAMED})) IS TRUE"""  # noqa: S608 - constants
_AFTER = "AND (t.word, t.name, t.employee_id) > (:after_word, :after_name, :after_id)"
# Somebody with two words in the range is found by the first of them only.
_FIRST_WORD = """AND (t.word ~ '^[0-9]' OR t.word = (SELECT min(x COLLATE "C") FROM unnest(string_to_array(t.name, ' ')) x
  WHERE x COLLATE "C" >= :low AND x COLLATE "C" < :high))"""
_UNITS = f"""
SELECT u.id, u.folded FROM unit u WHERE {_NAMED} AND (u.folded, u.id) >= (:after_unit, :after_unit_id)
ORDER BY u.folded, u.id LIMIT :most
"""  # noqa: S608 - constants
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
# The name is folded here: looking its words up costs more than that.
UNLISTED = """AND NOT EXISTS (SELECT FROM (SELECT pakta_fold_name(e.name) COLLATE "C" AS name, e.id AS employee_id OFFSET 0) t WHERE {listed})"""
STAFF_AFTER = "AND (u.folded, u.id, e.name, e.id) > (:after_unit, :after_unit_id, :after_name, :after_id)"


async def fold(session: Session, stated: str) -> str:
    """Return a text as names are folded, degrees left out."""
    return str((await session.execute(text("SELECT pakta_fold_name(:stated)"), {"stated": stated})).scalar_one())


async def count_words(session: Session, agencies: Agencies, words: Sequence[str], most: int) -> dict[str, int]:
    """Return how many people are found by words that begin so, counting no further than `most`, of each agency where they are named."""
    statement = (
        "SELECT w.word, coalesce(sum(n), 0)::int AS n FROM {runs} CROSS JOIN LATERAL (SELECT count(*) AS n FROM "
        "(SELECT FROM employee_term t WHERE {words} LIMIT :most) x) c GROUP BY w.word"
    )
    values = {"words": list(words), "most": most}
    within = f"t.word >= w.word AND t.word < w.word || '{_LAST}'"
    found = await session.execute(*_of_agencies(statement, agencies, within, values, _OF_WORDS))
    return {row.word: row.n for row in found}


async def list_keyed(session: Session, agencies: Agencies, kind: str, keys: Sequence[str]) -> list[str]:
    """Return the words of the agencies' names that have one of the keys, by kind `near`."""
    statement = _typed(
        "SELECT DISTINCT word FROM name_key WHERE agency_id = ANY(:agencies) AND kind = :kind AND key = ANY(:keys) ORDER BY word"
    ).bindparams(bindparam("keys", type_=ARRAY(String())))
    found = await session.execute(statement, {"agencies": _keyed(agencies), "kind": kind, "keys": keys})
    return list(found.scalars())


async def list_holding(session: Session, agencies: Agencies, part: str, after: str, most: int) -> list[str]:
    """Return words of the agencies' names that hold a part but do not begin with it, from a word on, in order."""
    statement = _typed(
        "SELECT DISTINCT word FROM name_key WHERE agency_id = ANY(:agencies) AND kind = 'part' AND key >= :low AND key < :high "
        "AND NOT starts_with(word, :low) AND word >= :after ORDER BY word LIMIT :most"
    )
    values = {"agencies": _keyed(agencies), "low": part, "high": end_of(part), "after": after, "most": most}
    return list((await session.execute(statement, values)).scalars())


def _keyed(agencies: Agencies) -> Sequence[UUID]:
    return [EVERYWHERE] if agencies is None else agencies


def _of_agencies(
    statement: str, agencies: Agencies, words: str, values: dict[str, Any], runs: str = "", **parts: str
) -> tuple[TextClause, dict[str, Any]]:
    """Return a statement whose runs are of the agencies, or of all together, with its values."""
    if agencies is None:
        return _typed(statement.format(runs=f"{_EVERY_RUN} {runs}", words=words, **parts)), values
    words = f"t.agency_id = a.id AND {words}"
    return _typed(statement.format(runs=f"{_OF_AGENCIES} {runs}", words=words, **parts)), {
        **values,
        "agencies": agencies,
    }


def end_of(prefix: str) -> str:
    """Return the first text that is behind everything with a prefix; folded text holds small ASCII letters and digits only."""
    return prefix + _LAST


async def list_found(
    session: Session,
    agencies: Agencies,
    *,
    words: Sequence[str] | None,
    prefix: str,
    after: tuple[str, str, UUID] | None,
    conditions: dict[str, Any],
    filters: Sequence[str],
    limit: int,
) -> list[tuple[str, str, UUID]]:
    """Return (word, folded name, employee) by listed words, or by the words with a prefix, in that order.

    With `staff` among the conditions only of those people.
    """
    parts = list(filters)
    values: dict[str, Any] = {"most": limit, **conditions}
    if words is None:
        values |= {"low": prefix, "high": end_of(prefix)}
        parts.append(_FIRST_WORD)
    else:
        values["words"] = list(words)
    if after is not None:
        parts.append(_AFTER)
        values |= dict(zip(("after_word", "after_name", "after_id"), after, strict=True))
    made = _of_agencies(
        _RUN,
        agencies,
        _BEGINNING if words is None else "t.word = w.word",
        values,
        runs="" if words is None else _OF_WORDS,
        source=_TERMS_OF_STAFF if "staff" in conditions else _TERMS,
        filters=" ".join(parts),
    )
    return [(row.word, row.name, row.employee_id) for row in await session.execute(*made)]


def named(agencies: Agencies, patterns: Sequence[str]) -> dict[str, Any]:
    """Return the values of what names units: open ones of the agencies whose folded name matches all the patterns."""
    return {"everywhere": agencies is None, "agencies": agencies or [], "patterns": list(patterns)}


async def list_unit_words(session: Session, agencies: Agencies, words: Sequence[str]) -> list[str]:
    """Return which of the words begin a word in the name of an open unit of the agencies."""
    values = {"words": list(words), "everywhere": agencies is None, "agencies": agencies or []}
    return list((await session.execute(_typed(_OF_UNITS), values)).scalars())


async def list_few_staff(session: Session, agencies: Agencies, patterns: Sequence[str], most: int) -> list[UUID]:
    """Return who stands in units so named, at most so many."""
    found = await session.execute(_typed(_FEW_STAFF), {"most": most, **named(agencies, patterns)})
    return list(found.scalars())


def _typed(statement: str) -> TextClause:
    return text(statement).bindparams(*(bound for bound in _LISTS if f":{bound.key}" in statement))


async def list_units(
    session: Session, agencies: Agencies, patterns: Sequence[str], *, after: tuple[str, UUID], most: int
) -> list[tuple[UUID, str]]:
    """Return open units (id, folded name) of the agencies whose folded name matches all the patterns, from one on."""
    statement = _typed(_UNITS).bindparams(bindparam("after_unit_id", type_=Uuid()))
    values = {"after_unit": after[0], "after_unit_id": after[1], "most": most, **named(agencies, patterns)}
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


async def get_people(session: Session, agencies: Agencies, ids: Sequence[UUID]) -> dict[UUID, tuple[Employee, Unit]]:
    """Return current people of the agencies with their units: somebody who has moved since is not there."""
    statement = (
        select(Employee, Unit).join(Unit, Unit.id == Employee.unit_id).where(Employee.id.in_(ids), Employee.current)
    )
    if agencies is not None:
        statement = statement.where(Unit.agency_id.in_(agencies))
    return {person.id: (person, unit) for person, unit in await session.execute(statement)}
