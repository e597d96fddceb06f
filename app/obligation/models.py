"""Participants and obligations as stored."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

STATES = ("pending", "signed", "deferred", "exempt", "left")
PERSON_STATE = """CASE WHEN n_pending > 0 THEN 'pending' WHEN n_signed > 0 AND n_left + n_deferred = 0 THEN 'signed'
WHEN n_left > 0 THEN 'left' WHEN n_deferred > 0 THEN 'deferred' ELSE 'exempt' END"""


class Participant(Base):
    """One person in one round: what is frozen at the cut-off, and how many of the person's obligations stand in each state.

    `state` is generated, so a person stands in exactly one state and the totals cannot but reconcile.
    """

    __tablename__ = "participant"
    __table_args__ = (
        Index(
            "ix_participant_outstanding",
            "round_id",
            "agency_id",
            "name",
            "employee_id",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_participant_agency_id", "round_id", "agency_id"),
        {"postgresql_with": {"fillfactor": "85"}},
    )

    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"), primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    employment: Mapped[str]
    grade: Mapped[str]
    position_kind: Mapped[str]
    name: Mapped[str]
    nip: Mapped[str]
    printed: Mapped[dict[str, Any]] = mapped_column(doc="name, nip, grade, position, unit, agency as they are printed")
    n_pending: Mapped[int]
    n_signed: Mapped[int]
    n_deferred: Mapped[int]
    n_exempt: Mapped[int]
    n_left: Mapped[int]
    signed_at: Mapped[datetime | None] = mapped_column(doc="When the last of the pledges was signed.")
    state: Mapped[str] = mapped_column(Computed(PERSON_STATE, persisted=True))


class Obligation(Base):
    """One pledge one person owes in a round."""

    __tablename__ = "obligation"
    __table_args__ = (
        ForeignKeyConstraint(["round_id", "employee_id"], ["participant.round_id", "participant.employee_id"]),
        UniqueConstraint("round_id", "employee_id", "pledge"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(state = 'signed') = (document_id IS NOT NULL)", name="signed_has_document"),
        CheckConstraint("declined_at IS NULL OR state <> 'signed'", name="signed_is_not_declined"),
        Index("ix_obligation_declined", "round_id", "employee_id", postgresql_where=text("declined_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    employee_id: Mapped[UUID] = mapped_column(index=True)
    pledge: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(
        default="", doc="Why it is not required: the kedudukan hukum code it follows from."
    )
    document_id: Mapped[UUID | None] = mapped_column(unique=True)
    signed_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None] = mapped_column(doc="The person would not sign; it stays pending.")
    declined_reason: Mapped[str | None]
