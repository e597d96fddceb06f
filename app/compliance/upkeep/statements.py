"""The SQL of keeping the counters, written out: each of these is one statement, because one statement is one snapshot.

Parameters: `round` (uuid), `now` (timestamptz), `agencies` (uuid[] or null for all), `opened` (timestamptz). Every caller holds the
round's turn, taken in a statement of its own before: the lock comes before the snapshot.
"""

# What every cell should be, counted from the rows themselves. Both the proof of the cells and the way to build them.
RECOUNT = """
SELECT CASE WHEN grouping(unit_id) = 0 THEN 'unit' WHEN grouping(employment) = 0 THEN 'employment'
    WHEN grouping(grade) = 0 THEN 'grade' WHEN grouping(position_kind) = 0 THEN 'position_kind' ELSE 'opd' END AS dimension,
  agency_id, coalesce(unit_id::text, employment, grade, position_kind, '') AS key,
  count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'signed') AS signed,
  count(*) FILTER (WHERE state = 'deferred') AS deferred, count(*) FILTER (WHERE state = 'exempt') AS exempt,
  count(*) FILTER (WHERE state = 'left') AS "left", max(signed_at) FILTER (WHERE state = 'signed') AS last_signed_at
FROM participant
WHERE round_id = :round AND (CAST(:agencies AS uuid[]) IS NULL OR agency_id = ANY (:agencies))
GROUP BY GROUPING SETS ((agency_id), (agency_id, unit_id), (agency_id, employment), (agency_id, grade),
  (agency_id, position_kind))
UNION ALL
SELECT 'pledge', p.agency_id, o.pledge,
  count(*) FILTER (WHERE o.state = 'pending'), count(*) FILTER (WHERE o.state = 'signed'),
  count(*) FILTER (WHERE o.state = 'deferred'), count(*) FILTER (WHERE o.state = 'exempt'),
  count(*) FILTER (WHERE o.state = 'left'), max(o.signed_at) FILTER (WHERE o.state = 'signed')
FROM obligation o JOIN participant p ON p.round_id = o.round_id AND p.employee_id = o.employee_id
WHERE o.round_id = :round AND (CAST(:agencies AS uuid[]) IS NULL OR p.agency_id = ANY (:agencies))
GROUP BY p.agency_id, o.pledge
"""

# What waits in the queue, by the cell it belongs to: a person's change moves five cells, a pledge's change one.
_QUEUED = """
SELECT k.dimension, d.agency_id, k.key, d.pending, d.signed, d.deferred, d.exempt, d."left", d.signed_at
FROM {queue} d CROSS JOIN LATERAL (
  SELECT v.dimension, v.key FROM (VALUES ('opd', ''), ('unit', d.unit_id::text), ('employment', d.employment),
    ('grade', d.grade), ('position_kind', d.position_kind)) AS v (dimension, key) WHERE d.pledge = ''
  UNION ALL SELECT 'pledge', d.pledge WHERE d.pledge <> '') k
"""

# What the DELETE takes is exactly what the INSERTs add: never DELETE and INSERT apart.
FOLD = """
WITH moment AS (
  SELECT greatest(CAST(:now AS timestamptz), closed_at + interval '1 microsecond') AS at
  FROM compliance_head WHERE round_id = :round),
gone AS (DELETE FROM compliance_delta WHERE round_id = :round RETURNING *),
change AS (
  INSERT INTO compliance_change (round_id, at, agency_id, unit_id, employment, grade, position_kind, pledge,
    pending, signed, deferred, exempt, "left")
  SELECT round_id, at, agency_id, unit_id, employment, grade, position_kind, pledge,
    sum(pending), sum(signed), sum(deferred), sum(exempt), sum("left")
  FROM gone CROSS JOIN moment GROUP BY 1, 2, 3, 4, 5, 6, 7, 8),
cell AS (
  INSERT INTO compliance_cell AS c (round_id, dimension, agency_id, key,
    pending, signed, deferred, exempt, "left", last_signed_at)
  SELECT :round, dimension, agency_id, key,
    sum(pending), sum(signed), sum(deferred), sum(exempt), sum("left"), max(signed_at)
  FROM ({queued}) q GROUP BY 2, 3, 4
  ON CONFLICT (round_id, dimension, agency_id, key) DO UPDATE SET
    pending = c.pending + excluded.pending, signed = c.signed + excluded.signed,
    deferred = c.deferred + excluded.deferred, exempt = c.exempt + excluded.exempt, "left" = c."left" + excluded."left",
    last_signed_at = greatest(c.last_signed_at, excluded.last_signed_at)),
hour AS (
  INSERT INTO compliance_hour AS h (round_id, hour, agency_id, signed)
  SELECT round_id, date_trunc('hour', at, 'UTC'), agency_id, sum(signed)
  FROM gone CROSS JOIN moment WHERE pledge = '' GROUP BY 1, 2, 3 HAVING sum(signed) <> 0
  ON CONFLICT (round_id, hour, agency_id) DO UPDATE SET signed = h.signed + excluded.signed)
UPDATE compliance_head SET folded = folded + (SELECT count(*) FROM gone), closed_at = (SELECT at FROM moment)
WHERE round_id = :round
RETURNING folded, checkpointed, (SELECT array_agg(DISTINCT agency_id) FROM gone WHERE signed < 0 OR (signed = 0 AND signed_at IS NOT NULL)) AS voided
""".replace("{queued}", _QUEUED.replace("{queue}", "gone"))

# A maximum cannot be subtracted from: after a voided or redated signature it is looked up again. The figure changes, so its number does too.
REDATE = """
WITH fresh AS ({recount}),
dated AS (
  UPDATE compliance_cell c SET last_signed_at = f.last_signed_at FROM fresh f
  WHERE c.round_id = :round AND c.dimension = f.dimension AND c.agency_id = f.agency_id AND c.key = f.key
    AND c.last_signed_at IS DISTINCT FROM f.last_signed_at)
UPDATE compliance_head SET folded = folded + 1 WHERE round_id = :round
""".replace("{recount}", RECOUNT)

CHECKPOINT = """
WITH kept AS (
  INSERT INTO compliance_checkpoint (round_id, dimension, at, agency_id, key, pending, signed, deferred, exempt, "left")
  SELECT c.round_id, c.dimension, h.closed_at, c.agency_id, c.key, c.pending, c.signed, c.deferred, c.exempt, c."left"
  FROM compliance_cell c JOIN compliance_head h ON h.round_id = c.round_id WHERE c.round_id = :round)
UPDATE compliance_head SET checkpointed = folded WHERE round_id = :round
"""

# Cells become the recount less what waits, and the queue stays as it is: signing goes on, no delta is lost or counted twice. For a
# round never counted that is the round at its opening, the first checkpoint of its past.
BUILD = (
    """
WITH counted AS ({recount}), waiting AS ({queued}),
fresh AS (
  SELECT dimension, agency_id, key, sum(pending)::int AS pending, sum(signed)::int AS signed,
    sum(deferred)::int AS deferred, sum(exempt)::int AS exempt, sum("left")::int AS "left",
    max(last_signed_at) AS last_signed_at
  FROM (
    SELECT * FROM counted
    UNION ALL SELECT dimension, agency_id, key, -pending, -signed, -deferred, -exempt, -"left", NULL FROM waiting) s
  GROUP BY 1, 2, 3),
moment AS (
  SELECT coalesce(
    (SELECT greatest(CAST(:now AS timestamptz), closed_at + interval '1 microsecond')
     FROM compliance_head WHERE round_id = :round),
    CASE WHEN EXISTS (SELECT FROM fresh WHERE signed > 0) THEN CAST(:now AS timestamptz) END,
    CAST(:opened AS timestamptz), CAST(:now AS timestamptz)) AS at),
stale AS (
  DELETE FROM compliance_cell c WHERE c.round_id = :round AND NOT EXISTS (
    SELECT FROM fresh f WHERE f.dimension = c.dimension AND f.agency_id = c.agency_id AND f.key = c.key)),
cell AS (
  INSERT INTO compliance_cell (round_id, dimension, agency_id, key,
    pending, signed, deferred, exempt, "left", last_signed_at)
  SELECT :round, dimension, agency_id, key, pending, signed, deferred, exempt, "left", last_signed_at FROM fresh
  ON CONFLICT (round_id, dimension, agency_id, key) DO UPDATE SET
    pending = excluded.pending, signed = excluded.signed, deferred = excluded.deferred, exempt = excluded.exempt,
    "left" = excluded."left", last_signed_at = excluded.last_signed_at),
hour AS (
  INSERT INTO compliance_hour (round_id, hour, agency_id, signed)
  SELECT :round, hour, agency_id, sum(n) FROM (
    SELECT date_trunc('hour', signed_at, 'UTC') AS hour, agency_id, 1 AS n FROM participant
    WHERE round_id = :round AND state = 'signed'
    UNION ALL SELECT date_trunc('hour', signed_at, 'UTC'), agency_id, -signed FROM compliance_delta
    WHERE round_id = :round AND pledge = '' AND signed > 0) s
  WHERE NOT EXISTS (SELECT FROM compliance_head WHERE round_id = :round)
  GROUP BY 2, 3 HAVING sum(n) <> 0),
checkpoint AS (
  INSERT INTO compliance_checkpoint (round_id, dimension, at, agency_id, key, pending, signed, deferred, exempt, "left")
  SELECT :round, dimension, at, agency_id, key, pending, signed, deferred, exempt, "left" FROM fresh CROSS JOIN moment)
INSERT INTO compliance_head AS h (round_id, folded, closed_at, checkpointed) SELECT :round, 1, at, 1 FROM moment
ON CONFLICT (round_id) DO UPDATE SET
  folded = h.folded + 1, closed_at = excluded.closed_at, checkpointed = h.folded + 1
""".replace("{recount}", RECOUNT)
    .replace("{queued}", _QUEUED.replace("{queue}", "own"))
    .replace("WITH counted", "WITH own AS (SELECT * FROM compliance_delta WHERE round_id = :round), counted")
)

# Figures as anybody is told them against the recount, in one snapshot; a group missing on either side counts as zeros.
VERIFY = """
WITH counted AS ({recount}), own AS (SELECT * FROM compliance_delta WHERE round_id = :round), waiting AS ({queued}),
told AS (
  SELECT dimension, agency_id, key, sum(pending) AS pending, sum(signed) AS signed, sum(deferred) AS deferred,
    sum(exempt) AS exempt, sum("left") AS "left" FROM (
      SELECT dimension, agency_id, key, pending, signed, deferred, exempt, "left"
      FROM compliance_cell WHERE round_id = :round
      UNION ALL SELECT dimension, agency_id, key, pending, signed, deferred, exempt, "left" FROM waiting) s
  GROUP BY 1, 2, 3)
SELECT count(*), count(*) FILTER (WHERE
  (coalesce(t.pending, 0), coalesce(t.signed, 0), coalesce(t.deferred, 0), coalesce(t.exempt, 0), coalesce(t."left", 0))
  <> (coalesce(c.pending, 0), coalesce(c.signed, 0), coalesce(c.deferred, 0), coalesce(c.exempt, 0),
      coalesce(c."left", 0)))
FROM told t FULL JOIN counted c ON c.dimension = t.dimension AND c.agency_id = t.agency_id AND c.key = t.key
""".replace("{recount}", RECOUNT).replace("{queued}", _QUEUED.replace("{queue}", "own"))

# The counts a person's row keeps against the person's obligations.
PEOPLE_AT_ODDS = """
SELECT count(*) FROM participant p LEFT JOIN (
  SELECT employee_id, count(*) FILTER (WHERE state = 'pending') AS pending,
    count(*) FILTER (WHERE state = 'signed') AS signed, count(*) FILTER (WHERE state = 'deferred') AS deferred,
    count(*) FILTER (WHERE state = 'exempt') AS exempt, count(*) FILTER (WHERE state = 'left') AS "left"
  FROM obligation WHERE round_id = :round GROUP BY employee_id) o ON o.employee_id = p.employee_id
WHERE p.round_id = :round AND (p.n_pending, p.n_signed, p.n_deferred, p.n_exempt, p.n_left)
  IS DISTINCT FROM (o.pending, o.signed, o.deferred, o.exempt, o."left")
"""
