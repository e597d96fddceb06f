"""SQL that counts what must not be: each statement counts contradictions, and every one of them should be none."""

from sqlalchemy import text

from app.core.db import Session
from app.obligation.following.queries import DIGEST

_KIND = "unit_id, employment, legal_status, position_kind, echelon"
CONTRADICTIONS = {
    # a person's row against the texts of the round, where it has any
    "pledges": """
SELECT count(*) FROM participant p JOIN (SELECT round_id, count(*) AS texts FROM round_pledge GROUP BY round_id) r USING (round_id)
WHERE p.n_pending + p.n_signed + p.n_deferred + p.n_exempt + p.n_left <> r.texts""",
    # what an exemption holds against what it says
    "exemptions": """
SELECT count(*) FROM obligation o FULL JOIN exemption e ON e.id = o.exemption_id
WHERE (o.exemption_id IS NOT NULL OR e.state IN ('requested', 'approved')) AND (e.id IS NULL OR o.id IS NULL
  OR o.round_id <> e.round_id OR o.employee_id <> e.employee_id OR NOT e.pledges ? o.pledge
  OR o.state <> CASE e.state WHEN 'requested' THEN 'pending' WHEN 'approved' THEN e.kind ELSE '' END)""",
    # whoever need not sign in a round that was opened by its rule has a reason: a code, news of the roster, or an exemption in force
    "reasons": """
SELECT count(*) FROM obligation o JOIN round r ON r.id = o.round_id AND r.population_counts IS NOT NULL
WHERE o.state IN ('deferred', 'exempt', 'left')
  AND NOT (o.reason LIKE 'legal_status:%' OR o.reason LIKE 'roster:%' OR o.exemption_id IS NOT NULL)""",
    # the kept counts of the roster against the roster
    "roster": rf"""
SELECT count(*) FROM (SELECT {_KIND}, without_nip, people FROM roster_count WHERE people <> 0) k
FULL JOIN (SELECT {_KIND}, nip !~ '^[0-9]{{18}}$' AS without_nip, count(*) AS people FROM employee WHERE current GROUP BY 1, 2, 3, 4, 5, 6) e
USING ({_KIND}, without_nip) WHERE k.people IS DISTINCT FROM e.people""",  # noqa: S608 - names of columns
    # what was recorded against the digest the log has of it
    "changes": f"""
SELECT count(*) FROM (SELECT c.batch_id, {DIGEST} AS digest FROM participant_change c GROUP BY c.batch_id) b
LEFT JOIN log_entry l ON l.subject_id = b.batch_id AND l.kind = 'round.population_changed'
WHERE l.id IS NULL OR position(encode(b.digest, 'hex') IN convert_from(l.record, 'UTF8')) = 0""",  # noqa: S608 - our own text
}


async def count_contradictions(session: Session, name: str) -> int:
    """Return how many rows contradict in one respect."""
    found: int = (await session.execute(text(CONTRADICTIONS[name]))).scalar_one()
    return found
