"""The larger SQL of reminders."""

from app.reminder.models import PERSON_KINDS

_KINDS = ", ".join(f"'{kind}'" for kind in PERSON_KINDS)
_COUNTED = f"d.claimed_at IS NOT NULL AND d.kind IN ({_KINDS}) AND d.state NOT IN ('failed', 'skipped')"
_REACHED = """
  LEFT JOIN LATERAL (
    SELECT ways.channel, ways.address FROM (
      SELECT wanted.channel, wanted.place, btrim(CASE wanted.channel WHEN 'mail' THEN e.email ELSE e.phone END) AS address
      FROM unnest(CAST(:channels AS varchar[])) WITH ORDINALITY AS wanted (channel, place)) ways
    WHERE ways.address <> '' AND (ways.channel <> 'mail' OR ways.address LIKE '%_@_%') AND NOT EXISTS (
      SELECT FROM reminder_address a WHERE a.channel = ways.channel AND a.unreachable_at IS NOT NULL
       AND a.digest = sha256(convert_to(lower(ways.address), 'UTF8')))
    ORDER BY ways.place LIMIT 1) way ON true
"""

CANDIDATES = f"""
SELECT p.employee_id, p.agency_id, p.unit_id, coalesce(p.printed ->> 'name', p.name) AS name, p.name AS sorted_name, p.nip,
  coalesce(p.printed ->> 'unit', '') AS unit, coalesce(p.printed ->> 'position', '') AS position,
  way.channel, way.address,
  ('mail' = ANY (CAST(:channels AS varchar[])) AND btrim(e.email) <> ''
   OR CAST(:channels AS varchar[]) && CAST(ARRAY['whatsapp', 'sms'] AS varchar[]) AND btrim(e.phone) <> '') AS recorded,
  (NOT EXISTS (SELECT FROM passkey k WHERE k.employee_id = p.employee_id)
   AND NOT EXISTS (SELECT FROM pin k WHERE k.employee_id = p.employee_id)) AS without_account,
  CASE WHEN way.channel IS NULL THEN 'no_channel'
    WHEN sent.in_round >= :most_per_round THEN 'cap_round' WHEN sent.today >= :most_per_day THEN 'cap_day' ELSE '' END AS cause
FROM participant p JOIN employee e ON e.id = p.employee_id
{_REACHED}
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE d.round_id = p.round_id) AS in_round,
      count(*) FILTER (WHERE d.claimed_at >= :day_start) AS today
    FROM reminder_delivery d WHERE d.employee_id = p.employee_id AND {_COUNTED}) sent
WHERE p.round_id = :round AND p.state = 'pending'
  AND (NOT :unreached OR way.channel IS NULL)
  AND (p.agency_id, p.name, p.employee_id) > (CAST(:after_agency AS uuid), CAST(:after_name AS varchar), CAST(:after_id AS uuid))
  /* scope */
ORDER BY p.agency_id, p.name, p.employee_id LIMIT :limit
"""  # noqa: S608 - put together from our own constants; values are bound
"""People who have not signed, in the order of the outstanding list, with the way they would be reached and what stands against it.

The dry run and the wave's own list are this one statement: what is shown is what is sent.
"""

CANDIDATES_OF_AGENCIES = CANDIDATES.replace("/* scope */", "AND p.agency_id = ANY (CAST(:agencies AS uuid[]))")

CLAIM = f"""
WITH sent AS (
  UPDATE reminder_delivery s SET state = 'sent', cause = '', detail = '', attempts = s.attempts + 1, not_before = NULL,
    settled_at = b.at, gateway_id = b.gateway_id
  FROM unnest(CAST(:before AS uuid[]), CAST(:before_at AS timestamptz[]), CAST(:before_gateway_id AS varchar[])) b (id, at, gateway_id)
  WHERE s.id = b.id AND s.state IN ('sending', 'unknown')
), asked AS (
  SELECT d.id, CASE
    WHEN (SELECT paused_at FROM reminder_pause) IS NOT NULL THEN 'paused'
    WHEN w.state = 'cancelled' THEN 'cancelled'
    WHEN r.status <> 'open' OR r.closes_at <= :now THEN 'closed'
    WHEN d.kind NOT IN ({_KINDS}) THEN ''
    WHEN p.state IS DISTINCT FROM 'pending' THEN coalesce(p.state, 'left')
    WHEN d.resent_at IS NOT NULL THEN ''
    WHEN sent.in_round >= :most_per_round THEN 'cap_round' WHEN sent.today >= :most_per_day THEN 'cap_day' ELSE '' END AS cause
  FROM reminder_delivery d JOIN reminder_wave w ON w.id = d.wave_id JOIN round r ON r.id = d.round_id
  LEFT JOIN participant p ON p.round_id = d.round_id AND p.employee_id = d.employee_id
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE o.round_id = w.round_id) AS in_round, count(*) FILTER (WHERE o.claimed_at >= :day_start) AS today
    FROM reminder_delivery o WHERE o.employee_id = d.employee_id AND o.id <> d.id AND {_COUNTED.replace("d.", "o.")}) sent
  WHERE d.id = ANY (CAST(:ids AS uuid[])) AND d.state = 'waiting' FOR UPDATE OF d
)
UPDATE reminder_delivery d SET
  state = CASE asked.cause WHEN '' THEN 'sending' WHEN 'paused' THEN 'waiting' ELSE 'skipped' END,
  cause = CASE asked.cause WHEN 'paused' THEN '' ELSE asked.cause END,
  claimed_at = CASE asked.cause WHEN '' THEN CAST(:now AS timestamptz) ELSE d.claimed_at END,
  settled_at = CASE WHEN asked.cause IN ('', 'paused') THEN NULL ELSE CAST(:now AS timestamptz) END
FROM asked WHERE d.id = asked.id RETURNING d.id, asked.cause
"""  # noqa: S608 - put together from our own constants; values are bound
"""Whether each of some messages may leave, asked and answered in the transaction right before they do, which also writes down that the
messages before them on the same connections were sent. A wave writes to a person once, so no two of them share a cap. Nobody's row of the
round is locked."""

HEADS = """
SELECT u.id AS agency_id, u.name AS agency, h.name, h.email, h.id AS employee_id
FROM unit u CROSS JOIN LATERAL (
  SELECT e.id, e.name, e.email, 0 AS place, uh.kind = 'definitive' AS definitive, uh.valid_from FROM unit_head uh
    JOIN employee e ON e.id = uh.employee_id
    WHERE uh.unit_id = u.id AND uh.valid_from <= :today AND (uh.valid_to IS NULL OR uh.valid_to > :today)
  UNION ALL
  SELECT e.id, e.name, e.email, 1, true, NULL FROM countersigner c JOIN employee e ON e.id = c.employee_id
    WHERE c.round_id = :round AND c.agency_id = u.id AND c.superseded_at IS NULL
  UNION ALL
  SELECT e.id, e.name, e.email, 2, true, NULL FROM employee e
    WHERE e.unit_id = u.id AND e.current AND u.head_title <> '' AND e.position = u.head_title
  ORDER BY place, definitive, valid_from DESC NULLS LAST, id LIMIT 1) h
WHERE u.is_agency AND btrim(h.email) LIKE '%_@_%'
  AND EXISTS (SELECT FROM participant p WHERE p.round_id = :round AND p.agency_id = u.id)
ORDER BY u.id
"""
"""Who leads each agency of a round today: as recorded (an acting head before the definitive one), else who countersigns, else whose
position is the head's on the roster; only with an office mail address."""
