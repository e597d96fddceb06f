"""SQL that writes the words people are found by, and how words are reached."""

from sqlalchemy import text

from app.asn.search.models import EVERYWHERE
from app.core.db import Session

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
SELECT DISTINCT p.agency_id, w.word COLLATE "C" AS word, p.name COLLATE "C" AS name, p.id, p.unit_id
FROM (SELECT u.agency_id, e.unit_id, e.id, e.nip, regexp_replace(lower(e.local_number), '[^a-z0-9]', '', 'g') AS number, pakta_fold_name(e.name) AS name FROM index_taken t
      CROSS JOIN LATERAL (SELECT * FROM employee e WHERE e.id = t.employee_id AND e.current OFFSET 0) e
      CROSS JOIN LATERAL (SELECT * FROM unit u WHERE u.id = e.unit_id OFFSET 0) u OFFSET 0) p
CROSS JOIN LATERAL unnest(string_to_array(p.name, ' ') || ARRAY[p.nip, substr(p.nip, 9), substr(p.nip, 15), p.number, substring(p.number FROM '[0-9]+$')]) w(word) WHERE w.word <> ''
"""
# How words are reached: a `part` is the word from any letter on (three letters or more, and the whole); `near` is the word, and the word
# less each of its letters, so that two words that differ by one letter more, less, other or swapped share one (symmetric deletion).
_KEYS = f"""
INSERT INTO name_key (agency_id, kind, key, word)
WITH fresh AS MATERIALIZED (
  SELECT agency_id, word FROM (SELECT agency_id, word FROM index_word UNION SELECT '{EVERYWHERE}', word FROM index_word) w
  WHERE word ~ '^[a-z]' AND NOT EXISTS
    (SELECT FROM name_key k WHERE k.agency_id = w.agency_id AND k.kind = 'part' AND k.key = w.word AND k.word = w.word)
)
SELECT agency_id, 'part', substr(word, n), word FROM fresh, generate_series(1, greatest(length(word) - 2, 1)) n
UNION
SELECT agency_id, 'near', word, word FROM fresh WHERE length(word) > 3
UNION
SELECT agency_id, 'near', left(word, n - 1) || substr(word, n + 1), word FROM fresh, generate_series(1, length(word)) n
WHERE length(word) > 3
ON CONFLICT DO NOTHING
"""  # noqa: S608 - a constant
_INDEX = (
    "DROP TABLE IF EXISTS pg_temp.index_taken, pg_temp.index_word",
    "ANALYZE index_taken",
    "DELETE FROM employee_term t USING index_taken n WHERE t.employee_id = n.employee_id",
    _WORDS,
    _KEYS,
    """INSERT INTO employee_term (agency_id, word, name, employee_id, unit_id) SELECT agency_id, word, name, id, unit_id FROM index_word
       ORDER BY agency_id, word, name, id ON CONFLICT DO NOTHING""",
)
_FORGET_WORDS = (
    f"""DELETE FROM name_key k WHERE k.agency_id = '{EVERYWHERE}'
    AND NOT EXISTS (SELECT FROM employee_term t WHERE t.word = k.word)""",  # noqa: S608 - a constant
    f"""DELETE FROM name_key k WHERE k.agency_id <> '{EVERYWHERE}'
    AND NOT EXISTS (SELECT FROM employee_term t WHERE t.agency_id = k.agency_id AND t.word = k.word)""",  # noqa: S608 - a constant
)


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
    for statement in _FORGET_WORDS:
        await session.execute(text(statement))
