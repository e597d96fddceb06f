"""The unit tree as stored."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Identity, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

CHANGE_KINDS = ("merge", "split", "rename", "move")
PLAN_STATES = ("planned", "done", "cancelled", "failed")


class Unit(Base):
    """A unit of the local government. `agency_id` is its OPD (unor induk); an OPD is its own agency, the root is none's."""

    __tablename__ = "unit"
    __table_args__ = (Index("ix_unit_agency_id", "agency_id"), Index("ix_unit_parent_id", "parent_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    siasn_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id", deferrable=True, initially="DEFERRED"))
    is_agency: Mapped[bool]
    echelon: Mapped[str] = mapped_column(default="")
    head_title: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0, doc="Order in the unit file, kept for recaps.")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    folded: Mapped[str] = mapped_column(
        String(collation="C"), Computed("pakta_fold(name)", persisted=True), doc="The name as it is searched by."
    )


class UnitVersion(Base):
    """What a unit was called, below which unit and agency it stood, from `valid_from` up to `valid_to`, as known over a time."""

    __tablename__ = "unit_version"
    __table_args__ = (Index("ix_unit_version_unit_id", "unit_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None] = mapped_column(doc="The first day it no longer holds.")
    recorded_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    import_id: Mapped[UUID | None]
    superseded_by: Mapped[UUID | None]
    name: Mapped[str]
    parent_id: Mapped[UUID | None]
    agency_id: Mapped[UUID]
    is_agency: Mapped[bool]
    head_title: Mapped[str]


class UnitChange(Base):
    """One reorganisation: units merged, split, renamed or moved, from a day on, on a legal basis."""

    __tablename__ = "unit_change"
    __table_args__ = (CheckConstraint(f"kind IN {CHANGE_KINDS}", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    effective_on: Mapped[date]
    reason: Mapped[str]
    decree: Mapped[str] = mapped_column(doc="Number of the regulation it follows from.")
    edits: Mapped[list[dict[str, Any]]] = mapped_column(doc="Per unit what it was and what it became.")
    people_moved: Mapped[int] = mapped_column(doc="How many stood directly in a unit that ended.")
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]


class UnitChangePlan(Base):
    """A reorganisation from a day to come: what was asked for, made into a change on its day unless it was cancelled before."""

    __tablename__ = "unit_change_plan"
    __table_args__ = (
        CheckConstraint(f"kind IN {CHANGE_KINDS}", name="kind"),
        CheckConstraint(f"state IN {PLAN_STATES}", name="state"),
        CheckConstraint("(state = 'planned') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(state = 'done') = (change_id IS NOT NULL)", name="done"),
        Index("ix_unit_change_plan_due", "state", "effective_on", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    effective_on: Mapped[date]
    body: Mapped[dict[str, Any]] = mapped_column(doc="What was asked for, as it was sent.")
    state: Mapped[str] = mapped_column(doc="planned, done, cancelled, failed")
    failure: Mapped[str] = mapped_column(server_default="", doc="Code and reason, when the tree of its day refused it.")
    change_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit_change.id"))
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    ended_by: Mapped[UUID | None] = mapped_column(doc="Who cancelled it; empty when its day came.")
    ended_at: Mapped[datetime | None]


class UnitPredecessor(Base):
    """A unit carries on what another one did before a change."""

    __tablename__ = "unit_predecessor"

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    predecessor_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), primary_key=True, index=True)
    change_id: Mapped[UUID] = mapped_column(ForeignKey("unit_change.id"))
