"""SQL of documents."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, literal_column, not_, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Session, insert_rows
from app.core.prepared import Change, Insertion
from app.core.principal import Scope
from app.document.models import READY_FOR_SEAL, Document, DocumentRevision, PaperSheet, StampFault
from app.document.owed import Owed
from app.document.store import PlacedRevision
from app.obligation.models import Obligation, Participant
from app.pledge.models import RoundPledge

After = tuple[UUID, str, UUID]
"""Where a page ended: agency, name, person."""


_PRINTED = Insertion(
    Document,
    empty=(
        "sha256",
        "signed_sha256",
        "countersigned_sha256",
        "countersign_provider",
        "seal_refused",
        "size",
        "signed_at",
        "countersigned_at",
        "sealed_at",
        "renewed_at",
        "left_out_at",
        "left_out_reason",
        "voided_at",
        "voided_by",
        "void_ground",
        "void_reason",
    ),
)
_SIGNED = Change(Document, "state", "prepared_tail", "signed_at", "sha256", "signed_sha256", "size")


async def insert_printed(session: Session, documents: Sequence[Document]) -> None:
    """Write documents that were printed and wait for a signature."""
    await _PRINTED.write(session, *documents)


async def keep_signed(session: Session, changes: Sequence[tuple[Document, dict[str, Any]]]) -> None:
    """Write what a signature changed of each document: state, time, size, digests; its unsigned bytes go."""
    await _SIGNED.write(session, *changes)


async def list_by_ids(session: Session, ids: Sequence[UUID]) -> list[Document]:
    """Return documents in the order of the ids, as they now stand (bulk updates pass the session by)."""
    statement = select(Document).where(Document.id.in_(ids)).execution_options(populate_existing=True)
    found = {d.id: d for d in (await session.execute(statement)).scalars()}
    return [found[i] for i in ids if i in found]


async def find_by_id(session: Session, document_id: UUID) -> Document | None:
    """Return a document."""
    return (await session.execute(select(Document).where(Document.id == document_id))).scalar_one_or_none()


async def lock_by_id(session: Session, document_id: UUID) -> Document:
    """Return a document that is known to exist as it now stands, locked."""
    statement = select(Document).where(Document.id == document_id).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()


async def find_by_code(session: Session, code: str) -> Document | None:
    """Return the document a QR code leads to."""
    return (await session.execute(select(Document).where(Document.code == code))).scalar_one_or_none()


async def list_revisions(session: Session, ids: Sequence[UUID]) -> list[DocumentRevision]:
    """Return the revisions of documents, in order."""
    statement = (
        select(DocumentRevision)
        .where(DocumentRevision.document_id.in_(ids))
        .order_by(DocumentRevision.document_id, DocumentRevision.number)
    )
    return list((await session.execute(statement)).scalars())


async def insert_revisions(session: Session, rows: Sequence[PlacedRevision]) -> None:
    """Say where new revisions lie."""
    await insert_rows(session, "document_revision", PlacedRevision._fields, rows)


async def insert_documents(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write finished documents; every row has the same columns."""
    columns = list(rows[0])
    await insert_rows(session, "document", columns, (list(row.values()) for row in rows))


async def update_documents(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Update documents by primary key; each row holds its `id` and the new values."""
    await session.execute(update(Document), rows)


async def abandon(session: Session, ids: Sequence[UUID]) -> None:
    """Drop prepared bytes that will not be signed any more."""
    await session.execute(
        update(Document)
        .where(Document.id.in_(ids), Document.state == "prepared")
        .values(state="abandoned", prepared_tail=None)
    )


async def take_waiting_for_seal(
    session: Session, most: int, *, made_here: bool, without: Collection[UUID] = ()
) -> list[Document]:
    """Lock documents that have every signature they wait for and that no other worker has, oldest first.

    `made_here`: those whose every signature is in the form of our own, or those on which another maker's stands.
    """
    ours = and_(Document.provider == "device", func.coalesce(Document.countersign_provider, "device") == "device")
    statement = select(Document).where(text(READY_FOR_SEAL), ours if made_here else not_(ours))
    if without:
        statement = statement.where(Document.id.not_in(without))
    statement = statement.order_by(Document.signed_at).limit(most).with_for_update(skip_locked=True)
    return list((await session.execute(statement)).scalars())


async def count_waiting_for_seal(session: Session) -> int:
    """Return how many documents could be sealed and are not; uses the partial index."""
    return (await session.execute(select(func.count()).select_from(Document).where(text(READY_FOR_SEAL)))).scalar_one()


async def list_in_state(session: Session, round_id: UUID, state: str, after: UUID | None, limit: int) -> list[Document]:
    """Return documents of a round that are in a state, in the order of their ids."""
    statement = select(Document).where(Document.round_id == round_id, Document.state == state)
    if after is not None:
        statement = statement.where(Document.id > after)
    return list((await session.execute(statement.order_by(Document.id).limit(limit))).scalars())


async def list_owed(session: Session, round_id: UUID, pledge: str, after: UUID | None, limit: int) -> list[Owed]:
    """Return pending obligations of one pledge with their people as frozen, in the order of the obligations' ids."""
    person = (Participant.round_id == Obligation.round_id) & (Participant.employee_id == Obligation.employee_id)
    statement = (
        select(
            Obligation.id,
            Obligation.round_id,
            Obligation.employee_id,
            Obligation.pledge,
            Participant.agency_id,
            Participant.printed,
        )
        .join(Participant, person)
        .where(Obligation.round_id == round_id, Obligation.pledge == pledge, Obligation.state == "pending")
    )
    if after is not None:
        statement = statement.where(Obligation.id > after)
    found = await session.execute(statement.order_by(Obligation.id).limit(limit))
    return [Owed(*row) for row in found]


async def find_newest_signed(session: Session, round_id: UUID) -> Document | None:
    """Return the document of a round that was signed last."""
    statement = select(Document).where(Document.round_id == round_id, Document.signed_at.is_not(None))
    return (await session.execute(statement.order_by(Document.signed_at.desc()).limit(1))).scalar_one_or_none()


async def list_owed_by_name(
    session: Session, round_id: UUID, scope: Scope, after: After | None, people: int
) -> tuple[list[Owed], After | None]:
    """Return what the next people owe, agency by agency, by name, in reading order; and who is the last one, if a full page."""
    place = (Participant.agency_id, Participant.name, Participant.employee_id)
    some = select(*place, Participant.round_id, Participant.printed).where(
        Participant.round_id == round_id, Participant.state == literal_column("'pending'")
    )
    if scope.agencies is not None:
        some = some.where(Participant.agency_id.in_(scope.agencies))
    if after is not None:
        some = some.where(tuple_(*place) > after)
    person = some.order_by(*place).limit(people).subquery()
    statement = (
        select(
            Obligation.id,
            Obligation.round_id,
            Obligation.employee_id,
            Obligation.pledge,
            person.c.agency_id,
            person.c.printed,
            person.c.name,
        )
        .join(person, (person.c.round_id == Obligation.round_id) & (person.c.employee_id == Obligation.employee_id))
        .join(RoundPledge, (RoundPledge.round_id == Obligation.round_id) & (RoundPledge.pledge == Obligation.pledge))
        .where(Obligation.state == "pending")
        .order_by(person.c.agency_id, person.c.name, person.c.employee_id, RoundPledge.place)
    )
    rows = list(await session.execute(statement))
    owed = [Owed(*row[:6]) for row in rows]
    full = len({o.employee_id for o in owed}) == people
    return owed, (owed[-1].agency_id, rows[-1][6], owed[-1].employee_id) if full else None


async def keep_codes(session: Session, fresh: Mapping[UUID, str], now: datetime) -> dict[UUID, str]:
    """Return the codes of sheets by obligation; those that have none yet get the fresh one."""
    rows = [{"obligation_id": key, "code": code, "printed_at": now} for key, code in fresh.items()]
    await session.execute(insert(PaperSheet).on_conflict_do_nothing(index_elements=[PaperSheet.obligation_id]), rows)
    found = await session.execute(
        select(PaperSheet.obligation_id, PaperSheet.code).where(PaperSheet.obligation_id.in_(list(fresh)))
    )
    return {row.obligation_id: row.code for row in found}


async def find_sheet(session: Session, code: str, scope: Scope) -> Any | None:
    """Return the row of `Found` for a code inside a scope."""
    person = (Participant.round_id == Obligation.round_id) & (Participant.employee_id == Obligation.employee_id)
    statement = (
        select(
            Obligation.round_id,
            Obligation.employee_id,
            Participant.agency_id,
            Obligation.id,
            Participant.printed["name"].astext,
            Participant.nip,
            Participant.printed["agency"].astext,
            Obligation.pledge,
            Obligation.state,
            PaperSheet.printed_at,
        )
        .join(PaperSheet, PaperSheet.obligation_id == Obligation.id)
        .join(Participant, person)
        .where(PaperSheet.code == code)
    )
    if scope.agencies is not None:
        statement = statement.where(Participant.agency_id.in_(scope.agencies))
    return (await session.execute(statement)).one_or_none()


async def list_stamp_faults(session: Session) -> list[StampFault]:
    """Return the time-stamping authorities that fail, by address."""
    return list((await session.execute(select(StampFault).order_by(StampFault.url))).scalars())


async def keep_stamp_fault(session: Session, url: str, reason: str, now: datetime) -> None:
    """Write that an authority fails; since when stays, and nothing is written again within a minute."""
    new = insert(StampFault).values(url=url, reason=reason, since=now, seen_at=now)
    fresh = or_(StampFault.reason != reason, StampFault.seen_at < now - timedelta(minutes=1))
    values = {"reason": reason, "seen_at": now}
    await session.execute(new.on_conflict_do_update(index_elements=["url"], set_=values, where=fresh))


async def forget_stamp_faults(session: Session, but: Sequence[str]) -> None:
    """Forget every authority that is not among `but`."""
    await session.execute(delete(StampFault).where(StampFault.url.not_in(but)))
