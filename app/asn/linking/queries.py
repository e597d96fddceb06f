"""SQL of suggested links."""

from uuid import UUID

from sqlalchemy import select, text, tuple_

from app.asn.linking.models import RosterLink
from app.asn.models import Employee, RosterRow
from app.asn.staging.queries import KEPT, changed
from app.core.db import Session
from app.opd.models import Unit

_WORTH_A_LOOK = """
SELECT EXISTS (SELECT FROM roster_row WHERE import_id = :import_id AND change = 'new')
  AND (EXISTS (SELECT FROM roster_missing WHERE import_id = :import_id) OR EXISTS (SELECT FROM employee WHERE nip = '' AND current))
"""
# Candidates are people of whom the file says nothing: those missing from it, and those without NIP, who may have been given one.
_SUGGEST = """
INSERT INTO roster_link (import_id, sheet, "row", employee_id)
SELECT :import_id, r.sheet, r."row", c.id
FROM (SELECT e.id, e.birth_date, e.pns_id, pakta_fold_name(e.name) AS folded FROM employee e
      WHERE e.current AND (e.nip = '' OR e.id IN (SELECT m.employee_id FROM roster_missing m WHERE m.import_id = :import_id))
        AND NOT EXISTS (SELECT FROM roster_named o WHERE o.employee_id = e.id)) c
JOIN (SELECT sheet, "row", birth_date, pns_id, pakta_fold_name(name) AS folded FROM roster_row
      WHERE import_id = :import_id AND change = 'new' AND nip <> '') r ON r.birth_date = c.birth_date AND r.folded = c.folded
WHERE c.pns_id IS NULL OR r.pns_id IN ('', c.pns_id)
"""
_JOIN = f"""
UPDATE roster_row r SET employee_id = j.id, change = CASE WHEN j.changes = '{{}}' THEN 'unchanged' ELSE 'changed' END,
  changes = nullif(j.changes, '{{}}')
FROM (SELECT e.id, {" || ".join(changed(name) for name in ("pns_id", *KEPT))}
        || CASE WHEN u.siasn_id IS DISTINCT FROM r.unit
           THEN jsonb_build_object('unit', jsonb_build_array(u.siasn_id, r.unit)) ELSE '{{}}' END AS changes
      FROM roster_row r, employee e JOIN unit u ON u.id = e.unit_id
      WHERE r.import_id = :import_id AND r.sheet = :sheet AND r."row" = :row AND e.id = :employee_id) j
WHERE r.import_id = :import_id AND r.sheet = :sheet AND r."row" = :row
"""  # noqa: S608 - names of columns
_CARRY = """
UPDATE roster_link l SET decision = p.decision, decided_by = p.decided_by, decided_at = p.decided_at
FROM roster_link p JOIN roster_row before ON (before.import_id, before.sheet, before."row") = (p.import_id, p.sheet, p."row")
JOIN roster_row r ON (r.sheet, r."row") = (p.sheet, p."row")
WHERE l.import_id = :import_id AND r.import_id = :import_id AND p.import_id = :parent_id AND p.decision <> ''
  AND (l.sheet, l."row", l.employee_id) = (p.sheet, p."row", p.employee_id) AND r.nip = before.nip
"""
_PART = """
UPDATE roster_row SET employee_id = :fresh, change = 'new', changes = NULL
WHERE import_id = :import_id AND sheet = :sheet AND "row" = :row
"""
_FORGET_MISSING = "DELETE FROM roster_missing WHERE import_id = :import_id AND employee_id = :employee_id"
_MISS_AGAIN = "INSERT INTO roster_missing (import_id, employee_id, decision) VALUES (:import_id, :employee_id, 'keep') ON CONFLICT DO NOTHING"
_COUNT_MISSING = "SELECT count(*) FROM roster_missing WHERE import_id = :import_id"


async def suggest(session: Session, import_id: UUID) -> None:
    """Write the links that new rows suggest, in the transaction that staged them (`staging.queries.stage_missing`)."""
    if (await session.execute(text(_WORTH_A_LOOK), {"import_id": import_id})).scalar_one():
        await session.execute(text(_SUGGEST), {"import_id": import_id})


async def carry(session: Session, import_id: UUID, parent_id: UUID) -> None:
    """Decide about the links of a corrected file as it was decided before, where a row still has the NIP it had then."""
    await session.execute(text(_CARRY), {"import_id": import_id, "parent_id": parent_id})
    same = select(RosterLink).where(RosterLink.import_id == import_id, RosterLink.decision == "same")
    for link in (await session.execute(same.execution_options(populate_existing=True))).scalars().all():
        await join(session, link)


async def list_links(
    session: Session, import_id: UUID, after: tuple[str, int, UUID] | None, limit: int
) -> list[tuple[RosterLink, RosterRow, Employee, str]]:
    """Return links with their row, person and the name of the person's unit, in the order of the file."""
    key = tuple_(RosterLink.sheet, RosterLink.row, RosterLink.employee_id)
    of_row = (RosterRow.import_id == RosterLink.import_id) & (
        tuple_(RosterRow.sheet, RosterRow.row) == tuple_(RosterLink.sheet, RosterLink.row)
    )
    statement = (
        select(RosterLink, RosterRow, Employee, Unit.name)
        .join(RosterRow, of_row)
        .join(Employee, Employee.id == RosterLink.employee_id)
        .join(Unit, Unit.id == Employee.unit_id)
        .where(RosterLink.import_id == import_id)
    )
    if after is not None:
        statement = statement.where(key > after)
    order = (RosterLink.sheet, RosterLink.row, RosterLink.employee_id)
    found = await session.execute(statement.order_by(*order).limit(limit))
    return [(link, row, person, unit) for link, row, person, unit in found]


async def list_touching(session: Session, import_id: UUID, sheet: str, row: int, employee_id: UUID) -> list[RosterLink]:
    """Return the links of a row or of a person, locked."""
    at_row = (RosterLink.sheet == sheet) & (RosterLink.row == row)
    statement = select(RosterLink).where(
        RosterLink.import_id == import_id, at_row | (RosterLink.employee_id == employee_id)
    )
    return list((await session.execute(statement.with_for_update())).scalars())


async def join(session: Session, link: RosterLink) -> None:
    """Let a row be of the person."""
    values = {"import_id": link.import_id, "employee_id": link.employee_id}
    await session.execute(text(_JOIN), values | {"sheet": link.sheet, "row": link.row})
    await session.execute(text(_FORGET_MISSING), values)


async def part(session: Session, link: RosterLink, fresh: UUID, *, missing: bool) -> None:
    """Let a row be of somebody new again, and the person missing from the file when they were."""
    values = {"import_id": link.import_id, "sheet": link.sheet, "row": link.row, "fresh": fresh}
    await session.execute(text(_PART), values)
    if missing:
        await session.execute(text(_MISS_AGAIN), {"import_id": link.import_id, "employee_id": link.employee_id})


async def count_missing(session: Session, import_id: UUID) -> int:
    """Return how many are missing from the file."""
    return int((await session.execute(text(_COUNT_MISSING), {"import_id": import_id})).scalar_one())
