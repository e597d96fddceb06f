"""Counters as stored: a queue of deltas, one cell per figure, and what the fold writes down for the past.

`compliance_delta` is filled by row triggers on `participant` and `obligation` (migration 0003) in the transaction of the fact.
Whatever is in it is not folded yet: there is no watermark, so a late committer is simply there later. Nothing here is locked by a
signer.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ComplianceDelta(Base):
    """One change of one person (`pledge` empty) or of one pledge of a person (then only the agency is kept)."""

    __tablename__ = "compliance_delta"
    __table_args__ = (
        Index("ix_compliance_delta_round_id", "round_id"),
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "2000"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    round_id: Mapped[UUID]
    agency_id: Mapped[UUID]
    unit_id: Mapped[UUID | None]
    employment: Mapped[str | None]
    grade: Mapped[str | None]
    position_kind: Mapped[str | None]
    pledge: Mapped[str]
    pending: Mapped[int]
    signed: Mapped[int]
    deferred: Mapped[int]
    exempt: Mapped[int]
    left: Mapped[int]
    signed_at: Mapped[datetime | None]


class ComplianceHead(Base):
    """How far a round's counters are: a round without a head has not been counted yet."""

    __tablename__ = "compliance_head"

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    folded: Mapped[int] = mapped_column(BigInteger, doc="Deltas taken from the queue, and repairs: never decreases.")
    closed_at: Mapped[datetime] = mapped_column(doc="Nothing folded later is stamped at or before this instant.")
    checkpointed: Mapped[int] = mapped_column(BigInteger, doc="`folded` when the newest checkpoint was written.")


class ComplianceCell(Base):
    """The folded figure of one group: dimension opd, unit, employment, grade, position_kind or pledge; for opd the key is empty."""

    __tablename__ = "compliance_cell"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50", "autovacuum_vacuum_scale_factor": "0.05"}},)

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    pending: Mapped[int]
    signed: Mapped[int]
    deferred: Mapped[int]
    exempt: Mapped[int]
    left: Mapped[int]
    last_signed_at: Mapped[datetime | None]


class ComplianceChange(Base):
    """What one fold moved, stamped with the time the register knew it: what past instants are read from."""

    __tablename__ = "compliance_change"
    __table_args__ = (Index("ix_compliance_change_at", "round_id", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    round_id: Mapped[UUID]
    at: Mapped[datetime]
    agency_id: Mapped[UUID]
    unit_id: Mapped[UUID | None]
    employment: Mapped[str | None]
    grade: Mapped[str | None]
    position_kind: Mapped[str | None]
    pledge: Mapped[str]
    pending: Mapped[int]
    signed: Mapped[int]
    deferred: Mapped[int]
    exempt: Mapped[int]
    left: Mapped[int]


class ComplianceCheckpoint(Base):
    """All cells at one instant, every 20,000 changes; the first is the round at its opening."""

    __tablename__ = "compliance_checkpoint"

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    pending: Mapped[int]
    signed: Mapped[int]
    deferred: Mapped[int]
    exempt: Mapped[int]
    left: Mapped[int]


class ComplianceHour(Base):
    """People who became signed in one hour (UTC), by agency."""

    __tablename__ = "compliance_hour"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    signed: Mapped[int]


class ComplianceTree(Base):
    """One row: how often the unit tree, whose names stand in the figures, has changed."""

    __tablename__ = "compliance_tree"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)


class ComplianceDocumentDelta(Base):
    """A document was countersigned or sealed, or one that was is void; filled by row triggers on `document` (migration 0015)."""

    __tablename__ = "compliance_document_delta"
    __table_args__ = (
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "2000"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    round_id: Mapped[UUID]
    agency_id: Mapped[UUID]
    countersigned: Mapped[int]
    sealed: Mapped[int]


class ComplianceDocument(Base):
    """How many documents of an agency are countersigned and sealed, as far as the deltas are folded."""

    __tablename__ = "compliance_document"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    countersigned: Mapped[int]
    sealed: Mapped[int]


class RecapLink(Base):
    """Whoever holds the address reads a round's recap as figures, until it expires or is revoked; kept as its hash only."""

    __tablename__ = "recap_link"
    __table_args__ = (Index("ix_recap_link_round_id", "round_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"))
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
