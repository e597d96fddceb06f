"""List suggested links and decide about them; an import that is applied gives the person the row's NIP, and their history goes on."""

from datetime import datetime
from uuid import UUID

from app.asn import importing
from app.asn.errors import DecisionInvalid
from app.asn.linking import queries
from app.asn.linking.schemas import LinkDecide, LinkRead
from app.asn.queries import find_by_id
from app.asn.staging.queries import count_rows
from app.core.db import Session
from app.core.ids import new_id
from app.core.paging import CursorInvalid, decode_cursor, encode_cursor, uuid_part
from app.core.principal import Principal


async def list_links(
    session: Session, actor: Principal, import_id: UUID, cursor: str | None, limit: int
) -> tuple[list[LinkRead], str | None]:
    """Return a page of links and the cursor of the next, None on the last page."""
    await importing.get_import(session, actor, import_id)
    parts = decode_cursor(cursor, 3)
    found = await queries.list_links(session, import_id, _mark(parts) if parts else None, limit + 1)
    links = [
        LinkRead(
            sheet=link.sheet,
            row=link.row,
            nip=row.nip,
            name=row.name,
            employee_id=link.employee_id,
            nip_before=person.nip,
            local_number_before=person.local_number,
            unit_before=unit,
            decision=link.decision,
        )
        for link, row, person, unit in found
    ]
    last = links[limit - 1] if len(links) > limit else None
    return links[:limit], encode_cursor(last.sheet, last.row, last.employee_id) if last else None


async def decide(session: Session, actor: Principal, import_id: UUID, body: LinkDecide, *, now: datetime) -> None:
    """Decide about a link of a staged import; a row is of one person, and a person has one row. Raises `DecisionInvalid`."""
    staged = await importing.get_import(session, actor, import_id, lock=True)
    importing.require_status(staged, "staged")
    touching = await queries.list_touching(session, import_id, body.sheet, body.row, body.employee_id)
    here = (body.sheet, body.row, body.employee_id)
    link = next((one for one in touching if (one.sheet, one.row, one.employee_id) == here), None)
    if link is None:
        raise DecisionInvalid(reason="employee_id")
    was = link.decision
    if body.decision == "same" and was != "same":
        if any(one.decision == "same" for one in touching):
            raise DecisionInvalid(reason="row")
        await queries.join(session, link)
    elif body.decision == "different" and was == "same":
        person = await find_by_id(session, link.employee_id)
        await queries.part(session, link, new_id(), missing=bool(person and person.nip))
    link.decision, link.decided_by, link.decided_at = body.decision, actor.id, now
    await session.flush()
    staged.counts = importing.counted(
        await count_rows(session, import_id), await queries.count_missing(session, import_id)
    )


def _mark(parts: list[str]) -> tuple[str, int, UUID]:
    sheet, row, employee = parts
    if "\0" in sheet or not (row.isascii() and row.isdigit() and len(row) < 10):
        raise CursorInvalid
    return sheet, int(row), uuid_part(employee)
