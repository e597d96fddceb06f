"""SQL of what befalls people of a round."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, select, text
from sqlalchemy.orm import aliased

from app.asn.models import Employee, EmployeeVersion
from app.core.db import Session, insert_rows, take_turn
from app.core.principal import Scope
from app.obligation.following.rule import Move, Situation
from app.obligation.models import EmployeeUnfollowed, Participant, ParticipantChange

_TURN = 0x50414B5441464F4C
CHANGE = (
    *("round_id", "employee_id", "agency_id", "batch_id", "recorded_at", "effective_on", "kind", "reason"),
    *("from_state", "to_state", "unit_before", "unit_after", "recorded_by", "note"),
)

_SITUATIONS = """
SELECT p.employee_id, p.agency_id, p.state, p.n_left > 0 AS has_left, coalesce(e.current, false) AS current,
  e.merged_into IS NOT NULL AS merged,
  EXISTS (SELECT FROM participant s WHERE s.round_id = p.round_id AND s.employee_id = e.merged_into) AS survivor_takes_part,
  coalesce(e.legal_status, '') AS legal_status, e.unit_id, u.agency_id AS unit_agency,
  coalesce(k.unit_after, p.unit_id) AS known_unit, ku.agency_id AS known_agency,
  coalesce(l.kind, '') AS known_kind, coalesce(l.reason, '') AS known_reason, v.valid_from AS since, coalesce(v.cause, '') AS cause
FROM participant p
LEFT JOIN employee e ON e.id = p.employee_id
LEFT JOIN unit u ON u.id = e.unit_id
LEFT JOIN LATERAL (SELECT c.unit_after FROM participant_change c WHERE c.round_id = p.round_id AND c.employee_id = p.employee_id
  AND c.unit_after IS NOT NULL ORDER BY c.id DESC LIMIT 1) k ON true
LEFT JOIN unit ku ON ku.id = coalesce(k.unit_after, p.unit_id)
LEFT JOIN LATERAL (SELECT c.kind, c.reason FROM participant_change c WHERE c.round_id = p.round_id
  AND c.employee_id = p.employee_id AND c.kind IN ('left', 'returned', 'status_changed') ORDER BY c.id DESC LIMIT 1) l ON true
LEFT JOIN LATERAL (SELECT w.valid_from, w.cause FROM employee_version w WHERE w.employee_id = p.employee_id
  AND w.superseded_at IS NULL AND w.valid_to IS NULL ORDER BY w.id DESC LIMIT 1) v ON true
WHERE p.round_id = :round AND p.employee_id = ANY (:people)
ORDER BY p.employee_id FOR UPDATE OF p
"""
# The rows of the participants are locked before. What is moved and what the counts move by is read from the same rows.
_MOVE = """
WITH owed AS (
  SELECT o.id, o.employee_id, o.state AS before, w.state, w.reason FROM obligation o
  JOIN unnest(CAST(:people AS uuid[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:origins AS text[]))
    AS w (employee_id, state, reason, origins) ON w.employee_id = o.employee_id
  WHERE o.round_id = :round AND o.state <> w.state AND o.state = ANY (string_to_array(w.origins, ','))
    AND (o.state = 'pending' OR o.exemption_id IS NULL)
  ORDER BY o.employee_id, o.id FOR UPDATE OF o),
moved AS (
  UPDATE obligation o SET state = w.state, reason = CASE WHEN w.state = 'pending' THEN '' ELSE w.reason END
  FROM owed w WHERE o.id = w.id),
counts AS (
  SELECT employee_id, sum((state = 'pending')::int - (before = 'pending')::int) AS pending,
    sum((state = 'deferred')::int - (before = 'deferred')::int) AS deferred,
    sum((state = 'exempt')::int - (before = 'exempt')::int) AS exempt, sum((state = 'left')::int - (before = 'left')::int) AS "left"
  FROM owed GROUP BY employee_id)
UPDATE participant p SET n_pending = p.n_pending + c.pending, n_deferred = p.n_deferred + c.deferred,
  n_exempt = p.n_exempt + c.exempt, n_left = p.n_left + c."left"
FROM counts c WHERE p.round_id = :round AND p.employee_id = c.employee_id
RETURNING p.employee_id, p.state
"""
# Everything a change says, in a form that depends on no setting: what the log's digest of a batch is made of.
DIGEST = """
sha256(convert_to(string_agg(concat_ws('|', c.employee_id, c.agency_id, c.kind, c.reason, c.from_state, c.to_state,
  coalesce(c.unit_before::text, ''), coalesce(c.unit_after::text, ''), to_char(c.effective_on, 'YYYY-MM-DD'),
  (extract(epoch FROM c.recorded_at) * 1000000)::bigint, coalesce(c.recorded_by::text, ''), c.note), E'\\n' ORDER BY c.id), 'UTF8'))
"""


async def take_following(session: Session) -> None:
    """Wait until nobody else follows the roster or adds people to a round."""
    await take_turn(session, _TURN)


async def is_waiting(session: Session) -> bool:
    """Whether anybody's record changed since open rounds were told."""
    return bool((await session.execute(select(exists(select(EmployeeUnfollowed.id))))).scalar_one())


async def take(session: Session, most: int) -> list[UUID]:
    """Take the notes of changed people off the list; return whom they name, once each."""
    oldest = select(EmployeeUnfollowed.id).order_by(EmployeeUnfollowed.id).limit(most)
    taken = (
        delete(EmployeeUnfollowed).where(EmployeeUnfollowed.id.in_(oldest)).returning(EmployeeUnfollowed.employee_id)
    )
    return sorted(set((await session.execute(taken)).scalars()))


async def note(session: Session, employee_ids: Sequence[UUID]) -> None:
    """Have somebody looked at again."""
    await session.execute(insert(EmployeeUnfollowed), [{"employee_id": one} for one in employee_ids])


async def situations(session: Session, round_id: UUID, people: Sequence[UUID]) -> list[Situation]:
    """Return the participants among people, locked in one order, with what the roster says of them now."""
    found = await session.execute(text(_SITUATIONS), {"round": round_id, "people": list(people)})
    return [Situation(**row) for row in found.mappings()]


async def move(session: Session, round_id: UUID, moves: dict[UUID, Move]) -> dict[UUID, str]:
    """Carry moves out; return the states of the people of whom anything moved."""
    values = {
        "round": round_id,
        "people": list(moves),
        "states": [one.state for one in moves.values()],
        "reasons": [one.reason for one in moves.values()],
        "origins": [one.origins for one in moves.values()],
    }
    return {row.employee_id: row.state for row in await session.execute(text(_MOVE), values)}


async def write_changes(session: Session, rows: Sequence[Sequence[object]], batch_id: UUID) -> bytes:
    """Write changes (in the order of `CHANGE`) of one batch; return the digest the log keeps of them."""
    await insert_rows(session, "participant_change", CHANGE, rows)
    statement = text(f"SELECT {DIGEST} FROM participant_change c WHERE c.batch_id = :batch")  # noqa: S608 - our own text
    found: bytes = (await session.execute(statement, {"batch": batch_id})).scalar_one()
    return found


async def newest_versions(session: Session, people: Sequence[UUID]) -> dict[UUID, tuple[date, str]]:
    """Return since when what the roster says of people holds, and why it was recorded."""
    statement = select(EmployeeVersion.employee_id, EmployeeVersion.valid_from, EmployeeVersion.cause).where(
        EmployeeVersion.employee_id.in_(people),
        EmployeeVersion.superseded_at.is_(None),
        EmployeeVersion.valid_to.is_(None),
    )
    return {person: (since, cause) for person, since, cause in await session.execute(statement)}


async def outsiders(session: Session, round_id: UUID, people: Sequence[UUID]) -> list[UUID]:
    """Return who of the people does not take part, neither under this record nor under one that goes on in it."""
    former = aliased(Employee)
    takes_part = select(Participant.employee_id).where(
        Participant.round_id == round_id, Participant.employee_id == Employee.id
    )
    took_part = (
        select(Participant.employee_id)
        .join(former, former.id == Participant.employee_id)
        .where(Participant.round_id == round_id, former.merged_into == Employee.id)
    )
    statement = select(Employee.id).where(Employee.id.in_(people), ~takes_part.exists(), ~took_part.exists())
    return list((await session.execute(statement)).scalars())


async def appeared(session: Session, round_id: UUID, people: Sequence[UUID]) -> set[UUID]:
    """Return who of the people was recorded as having appeared."""
    statement = select(ParticipantChange.employee_id).where(
        ParticipantChange.round_id == round_id,
        ParticipantChange.employee_id.in_(people),
        ParticipantChange.kind == "appeared",
    )
    return set((await session.execute(statement)).scalars())


async def list_changes(
    session: Session,
    round_id: UUID,
    scope: Scope,
    *,
    kind: str | None,
    agency_id: UUID | None,
    employee_id: UUID | None,
    before: int | None,
    limit: int,
) -> list[tuple[ParticipantChange, str | None]]:
    """Return changes inside the scope with the person's name, the newest first."""
    name = func.coalesce(Participant.name, Employee.name)
    statement = (
        select(ParticipantChange, name)
        .outerjoin(
            Participant,
            (Participant.round_id == ParticipantChange.round_id)
            & (Participant.employee_id == ParticipantChange.employee_id),
        )
        .outerjoin(Employee, Employee.id == ParticipantChange.employee_id)
        .where(ParticipantChange.round_id == round_id)
    )
    wanted = (
        None if scope.agencies is None else ParticipantChange.agency_id.in_(scope.agencies),
        None if kind is None else ParticipantChange.kind == kind,
        None if agency_id is None else ParticipantChange.agency_id == agency_id,
        None if employee_id is None else ParticipantChange.employee_id == employee_id,
        None if before is None else ParticipantChange.id < before,
    )
    statement = statement.where(*(condition for condition in wanted if condition is not None))
    found = await session.execute(statement.order_by(ParticipantChange.id.desc()).limit(limit))
    return [(change, person) for change, person in found]


async def takes_part(session: Session, round_id: UUID, scope: Scope, employee_id: UUID) -> bool:
    """Whether somebody takes part in a round, inside the scope."""
    statement = select(Participant.employee_id).where(
        Participant.round_id == round_id, Participant.employee_id == employee_id
    )
    if scope.agencies is not None:
        statement = statement.where(Participant.agency_id.in_(scope.agencies))
    return (await session.execute(statement)).first() is not None
