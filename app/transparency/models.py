"""Log entries, the leaves they become, tiles and checkpoints as stored. Rows of these tables are never changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class LogEntry(Base):
    """One fact: its canonical record (no personal data) and the hash of that record as a leaf (RFC 6962 §2.1)."""

    __tablename__ = "log_entry"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject_id: Mapped[UUID] = mapped_column(index=True)
    record: Mapped[bytes]
    leaf_hash: Mapped[bytes]
    created_at: Mapped[datetime]


class LogPending(Base):
    """Entries not sequenced yet; the only rows of the log that go away, when their leaf is written."""

    __tablename__ = "log_pending"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("log_entry.id"), primary_key=True)


class LogLeaf(Base):
    """An entry's place in the tree."""

    __tablename__ = "log_leaf"

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("log_entry.id"), unique=True)


class LogTile(Base):
    """Up to 256 hashes of one level (C2SP tlog-tiles); the rightmost tile of a level grows, its bytes never change."""

    __tablename__ = "log_tile"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes]


class LogCheckpoint(Base):
    """A signed tree head (C2SP tlog-checkpoint, signed note)."""

    __tablename__ = "log_checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    note: Mapped[str]
    created_at: Mapped[datetime]
