"""SQL of the log."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session as SyncSession

from app.core.db import Session, copy_rows
from app.core.prepared import Statement
from app.transparency.models import LogCheckpoint, LogEntry, LogLeaf, LogPending, LogTile

SEQUENCER_LOCK = 0x4C4F47  # "LOG": one sequencer at a time, over all processes


_INSERT_ENTRIES = Statement(
    text("""
WITH written AS (
  INSERT INTO log_entry (id, kind, subject_id, record, leaf_hash, created_at)
  SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:kind AS text[]), CAST(:subject_id AS uuid[]), CAST(:record AS bytea[]),
    CAST(:leaf_hash AS bytea[]), CAST(:created_at AS timestamptz[])) RETURNING id
)
INSERT INTO log_pending (entry_id) SELECT id FROM written""")
)


class NewEntry(NamedTuple):
    """A row of `log_entry`."""

    id: UUID
    kind: str
    subject_id: UUID
    record: bytes
    leaf_hash: bytes
    created_at: datetime


async def insert_entries(session: Session, rows: Sequence[NewEntry]) -> None:
    """Write entries and queue them for the sequencer."""
    columns = {name: [getattr(row, name) for row in rows] for name in NewEntry._fields}
    await _INSERT_ENTRIES.run(session, **columns)


async def lock_sequencer(session: Session) -> None:
    """Wait for the sequencer's turn; in its own statement, so that the next one sees what the last sequencer committed."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEQUENCER_LOCK})


async def take_pending(session: Session, most: int, first: UUID | None = None) -> list[tuple[UUID, bytes]]:
    """Remove up to `most` entries from the queue, `first` before all and the oldest then; return their ids and leaf hashes."""
    ahead = [] if first is None else [(LogPending.entry_id == first).desc()]
    oldest = select(LogPending.entry_id).order_by(*ahead, LogPending.entry_id).limit(most)
    taken = await session.execute(
        delete(LogPending)
        .where(LogPending.entry_id.in_(oldest.correlate(None).scalar_subquery()))
        .returning(LogPending.entry_id)
    )
    ids = sorted(taken.scalars())
    found = await session.execute(
        select(LogEntry.id, LogEntry.leaf_hash).where(LogEntry.id.in_(ids)).order_by(LogEntry.id)
    )
    return [(entry, leaf) for entry, leaf in found]


async def insert_leaves(session: Session, first: int, entries: Sequence[UUID]) -> None:
    """Give entries their places."""
    await copy_rows(session, "log_leaf", ["index", "entry_id"], list(enumerate(entries, first)))


async def upsert_tiles(session: Session, tiles: Sequence[tuple[int, int, bytes]]) -> None:
    """Write tiles; a growing tile keeps its first bytes."""
    statement = upsert(LogTile).values(
        [{"level": level, "index": index, "hashes": hashes} for level, index, hashes in tiles]
    )
    keys = [LogTile.level, LogTile.index]
    await session.execute(
        statement.on_conflict_do_update(index_elements=keys, set_={"hashes": statement.excluded.hashes})
    )


def read_tile(session: SyncSession, level: int, index: int, width: int) -> bytes:
    """Return the first `width` hashes of a tile."""
    statement = select(func.substr(LogTile.hashes, 1, width * 32)).where(LogTile.level == level, LogTile.index == index)
    return session.execute(statement).scalar_one_or_none() or b""


async def find_newest_checkpoint(session: Session) -> LogCheckpoint | None:
    """Return the checkpoint of the largest tree."""
    statement = select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()


class NewestEntry(NamedTuple):
    """An entry about a subject: its id, its place in the tree (None: it waits), its record and the leaf's hash."""

    entry: UUID
    place: int | None
    record: bytes
    leaf_hash: bytes


async def find_newest_of_subject(session: Session, kind: str, subject_id: UUID, named: bytes) -> NewestEntry | None:
    """Return the newest entry of a kind about a subject whose record holds these bytes; one that waits is newer than any in the tree."""
    statement = (
        select(LogEntry.id, LogLeaf.index, LogEntry.record, LogEntry.leaf_hash)
        .outerjoin(LogLeaf, LogEntry.id == LogLeaf.entry_id)
        .where(LogEntry.subject_id == subject_id, LogEntry.kind == kind)
        .order_by(LogLeaf.index.desc().nulls_first(), LogEntry.id.desc())
    )
    rows = (NewestEntry(*row) for row in await session.execute(statement))  # one, or one for each renewal
    return next((row for row in rows if named in row.record), None)


async def list_records(session: Session, first: int, most: int) -> list[bytes]:
    """Return canonical records in the order of the tree."""
    statement = (
        select(LogEntry.record)
        .join(LogLeaf, LogLeaf.entry_id == LogEntry.id)
        .where(LogLeaf.index >= first, LogLeaf.index < first + most)
        .order_by(LogLeaf.index)
    )
    return list((await session.execute(statement)).scalars())
