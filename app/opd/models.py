"""The unit tree as stored."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


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
