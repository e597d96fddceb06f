"""Append facts to the log, publish checkpoints, prove inclusion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session as SyncSession

from app.core.db import Session
from app.core.errors import NotFound
from app.core.faults import Step, about_to_commit
from app.core.ids import new_id
from app.merkle.note import Checkpoint, open_checkpoint, sign_checkpoint
from app.merkle.proof import inclusion_proof, tree_root
from app.merkle.tile import TILE_WIDTH, Tile, append, hash_reader
from app.merkle.tree import leaf_hash
from app.transparency import queries
from app.transparency.models import LogCheckpoint
from app.transparency.record import Fact, LogIdentity, canonical

MOST_LEAVES = 5_000  # sequenced in one transaction
_TILES_END = (1 << 63) // TILE_WIDTH  # no tile has this number: leaves are counted in 63 bits


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact to be written: its kind, what it is about, the SHA-256 of that, when, and who acted (None: the service)."""

    kind: Fact
    subject_id: UUID
    digest: bytes
    at: datetime
    who: UUID | None = None


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """All that a stranger needs to see that a record is in the log (RFC 6962 §2.1.1)."""

    index: int
    size: int
    record: bytes
    leaf_hash: bytes
    hashes: list[bytes]
    root: bytes
    checkpoint: str


async def record(session: Session, log: LogIdentity, entries: Sequence[Entry]) -> None:
    """Write facts in the caller's transaction: no fact without its record, no record without its fact."""
    rows = []
    for entry in entries:
        content = canonical(entry.kind, entry.digest, entry.at, log.pseudonym(entry.who) if entry.who else None)
        hashed = leaf_hash(content)
        rows.append(queries.NewEntry(new_id(), entry.kind.value, entry.subject_id, content, hashed, entry.at))
    await queries.insert_entries(session, rows)


async def publish(
    session: Session, log: LogIdentity, *, now: datetime, first: UUID | None = None
) -> LogCheckpoint | None:
    """Sequence what waits (at most `MOST_LEAVES`, the entry `first` among them) and sign a checkpoint of the larger tree.

    Returns the newest checkpoint.

    Insertion order is not commit order, so there is no "newer than" mark: whatever is in the queue is not sequenced.
    """
    await queries.lock_sequencer(session)
    newest = await queries.find_newest_checkpoint(session)
    size = newest.size if newest else 0
    waiting = await queries.take_pending(session, MOST_LEAVES, first)
    if not waiting:
        return newest
    leaves = [leaf for _, leaf in waiting]
    tiles = await session.run_sync(lambda s: append(leaves, size, lambda t: _tile(s, t)))
    await queries.upsert_tiles(session, [(t.level, t.number, data) for t, data in tiles.items()])
    await queries.insert_leaves(session, size, [entry for entry, _ in waiting])
    size += len(leaves)
    root = await session.run_sync(lambda s: tree_root(size, hash_reader(lambda t: _tile(s, t), size)))
    note = sign_checkpoint(Checkpoint(log.key.name, size, root), [(log.key, log.sign)])
    checkpoint = LogCheckpoint(size=size, root=root, note=note, created_at=now)
    session.add(checkpoint)
    await session.flush()
    about_to_commit(session, Step.PUBLISHED, Step.PUBLISHED_DURABLE)
    return checkpoint


async def prove(
    session: Session, log: LogIdentity, kind: Fact, subject_id: UUID, *, now: datetime, digest: bytes | None = None
) -> InclusionProof:
    """Return the proof that the newest fact of a kind about a subject is in the tree of the newest checkpoint.

    `digest`: the newest that names this SHA-256. A fact that still waits is sequenced first, so that the receipt of a
    signature can be proven at once.
    """
    named = digest.hex().encode() if digest else b""
    found = await queries.find_newest_of_subject(session, kind.value, subject_id, named)
    if found is not None and found.place is None:
        await publish(session, log, now=now, first=found.entry)
        found = await queries.find_newest_of_subject(session, kind.value, subject_id, named)
    checkpoint = await queries.find_newest_checkpoint(session)
    if found is None or found.place is None or checkpoint is None:
        raise NotFound
    size, index = checkpoint.size, found.place
    hashes = await session.run_sync(lambda s: inclusion_proof(index, size, hash_reader(lambda t: _tile(s, t), size)))
    return InclusionProof(index, size, found.record, found.leaf_hash, hashes, checkpoint.root, checkpoint.note)


async def newest_checkpoint(session: Session) -> LogCheckpoint:
    """Return the newest checkpoint; `NotFound` while the log is empty."""
    found = await queries.find_newest_checkpoint(session)
    if found is None:
        raise NotFound
    return found


async def tile_bytes(session: Session, tile: Tile) -> bytes:
    """Return a tile that the published tree has; `NotFound` for one it has not (yet)."""
    if tile.number >= _TILES_END:
        raise NotFound
    data = await session.run_sync(lambda s: queries.read_tile(s, tile.level, tile.number, tile.width))
    if len(data) != tile.width * 32:
        raise NotFound
    return data


async def entry_bundle(session: Session, number: int, width: int) -> bytes:
    """Return up to 256 records, each behind its length in two bytes (C2SP tlog-tiles, "entry bundle")."""
    if number >= _TILES_END:
        raise NotFound
    records = await queries.list_records(session, number * TILE_WIDTH, width)
    if len(records) != width:
        raise NotFound
    return b"".join(len(item).to_bytes(2, "big") + item for item in records)


def check_own_checkpoint(log: LogIdentity, note: str) -> Checkpoint:
    """Return the checkpoint of a note this log signed; raises NoteRefused."""
    return open_checkpoint(note, log.key)[0]


def _tile(session: SyncSession, tile: Tile) -> bytes:
    return queries.read_tile(session, tile.level, tile.number, tile.width)
