"""SQL that finds whom rows without NIP name: by the digest of the NIK, or by the agency's number together with birth date or name.

A number alone names nobody: agencies give it to somebody else once its holder has left.
"""

KEYS = ("local_number", "nik_digest")


def duplicates(column: str) -> str:
    """Return the SQL that rejects all rows but one with the same key: the roster's own holder stays, else the first."""
    return f"""
WITH several AS MATERIALIZED (
  SELECT {column} FROM roster_reading WHERE nip = '' AND {column} <> '' GROUP BY 1 HAVING count(*) > 1
), ranked AS (
  SELECT r.place, r.{column}, r.sheet, r."row", r.name, r.birth_date, row_number() OVER (PARTITION BY r.{column}
    ORDER BY (h.birth_date = nullif(r.birth_date, '')::date) DESC NULLS LAST, r.place) AS rank
  FROM roster_reading r JOIN several USING ({column})
  LEFT JOIN employee h ON h.{column} = r.{column} AND h.{column} <> '' AND h.current
  WHERE r.outcome <> 'rejected' AND r.nip = '' AND NOT EXISTS (SELECT FROM roster_verdict v WHERE v.place = r.place)
)
INSERT INTO roster_verdict
SELECT r.place, jsonb_build_object('code', 'number.duplicate', 'column', CAST(:label AS text), 'found', o.local_number, 'params',
  jsonb_build_object('first', k."row" || CASE WHEN k.sheet = '' THEN '' ELSE ' (' || k.sheet || ')' END)
  || CASE WHEN k.birth_date <> r.birth_date AND pakta_fold_name(k.name) <> pakta_fold_name(r.name)
     THEN '{{"text": "number.duplicate_other"}}'::jsonb ELSE '{{}}' END)
FROM ranked k JOIN ranked r ON r.{column} = k.{column} AND r.place <> k.place JOIN roster_reading o ON o.place = r.place
WHERE k.rank = 1
"""  # noqa: S608 - names of columns


MATCH = (
    """
UPDATE roster_match m SET employee_id = k.id
FROM roster_reading r JOIN (
  SELECT DISTINCT ON (nik_digest) nik_digest, id FROM employee WHERE nip = '' AND nik_digest <> '' AND merged_into IS NULL
  ORDER BY nik_digest, current DESC, updated_at DESC) k ON k.nik_digest = r.nik_digest
WHERE r.place = m.place AND r.nip = '' AND m.employee_id IS NULL
""",
    """
UPDATE roster_match m SET employee_id = k.id
FROM (SELECT DISTINCT ON (r.place) r.place, e.id FROM roster_reading r
      JOIN employee e ON e.local_number = r.local_number AND e.local_number <> '' AND e.nip = '' AND e.merged_into IS NULL
      WHERE r.nip = '' AND r.local_number <> ''
        AND (e.birth_date = nullif(r.birth_date, '')::date OR pakta_fold_name(e.name) = pakta_fold_name(r.name))
        AND (e.nik_digest = '' OR r.nik_digest IN ('', e.nik_digest))
      ORDER BY r.place, e.current DESC, e.updated_at DESC) k
WHERE k.place = m.place AND m.employee_id IS NULL
""",
)
HELD = """
INSERT INTO roster_verdict
SELECT m.place, jsonb_build_object('code', 'number.held', 'column', CAST(:label AS text), 'found', r.local_number, 'params', '{}'::jsonb)
FROM roster_match m JOIN roster_reading r ON r.place = m.place
WHERE r.nip = '' AND (
  EXISTS (SELECT FROM employee h WHERE h.local_number = r.local_number AND h.local_number <> '' AND h.current
          AND h.id IS DISTINCT FROM m.employee_id)
  OR EXISTS (SELECT FROM employee h WHERE h.nik_digest = r.nik_digest AND h.nik_digest <> '' AND h.current
             AND h.id IS DISTINCT FROM m.employee_id))
"""
