"""Countersigners as stored."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

CAPACITIES = ("head", "plt", "plh")


class Countersigner(Base):
    """One person who takes note of an agency's pledges in a round; never changed, a later one supersedes it.

    The unit above all agencies may have one too: who takes note of what the heads themselves sign.
    """

    __tablename__ = "countersigner"
    __table_args__ = (
        CheckConstraint(f"capacity IN {CAPACITIES}", name="capacity"),
        Index(
            "uq_countersigner_live",
            "round_id",
            "agency_id",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index("ix_countersigner_employee_id", "employee_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"))
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"))
    capacity: Mapped[str] = mapped_column(doc="head; plt, plh: acting, on a mandate.")
    name: Mapped[str]
    nip: Mapped[str]
    grade: Mapped[str]
    position: Mapped[str] = mapped_column(doc="As it is printed, “Plt.” included.")
    agency: Mapped[str] = mapped_column(doc="The agency's name, as the certificate says it.")
    mandate_number: Mapped[str] = mapped_column(default="")
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None] = mapped_column(doc="The last day of the mandate.")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None] = mapped_column(doc="Empty: found on the roster when the round opened.")
    superseded_at: Mapped[datetime | None]
