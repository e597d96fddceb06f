"""Suggested links as stored."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

LINK_DECISIONS = ("", "same", "different")


class RosterLink(Base):
    """A new row of an import and somebody it may be, and what a person decided; empty until then."""

    __tablename__ = "roster_link"
    __table_args__ = (CheckConstraint(f"decision IN {LINK_DECISIONS}", name="decision"),)

    import_id: Mapped[UUID] = mapped_column(ForeignKey("roster_import.id"), primary_key=True)
    sheet: Mapped[str] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(primary_key=True)
    decision: Mapped[str] = mapped_column(server_default="")
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
