"""Participants, obligations, exemptions and what befalls them, as stored."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

STATES = ("pending", "signed", "deferred", "exempt", "left")
EXEMPTION_STATES = ("requested", "approved", "refused", "withdrawn", "expired", "overtaken")
EXEMPTION_KINDS = ("exempt", "deferred")
CHANGE_KINDS = (
    *("joined", "appeared", "transferred", "moved", "status_changed", "left", "returned"),
    *("exempted", "deferred", "exemption_withdrawn", "deferral_ended"),
)
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
        Index(
            "ix_participant_outstanding_unit",
            "round_id",
            "unit_id",
            "agency_id",
            "name",
            "employee_id",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_participant_agency_id", "round_id", "agency_id"),
        CheckConstraint("least(n_pending, n_signed, n_deferred, n_exempt, n_left) >= 0", name="counts"),
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
    joined_at: Mapped[datetime | None] = mapped_column(doc="When somebody became one after the opening; empty before.")
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
        CheckConstraint("exemption_id IS NULL OR state IN ('pending', 'deferred', 'exempt')", name="held"),
        Index("ix_obligation_exemption_id", "exemption_id", postgresql_where=text("exemption_id IS NOT NULL")),
        Index("ix_obligation_declined", "round_id", "employee_id", postgresql_where=text("declined_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    employee_id: Mapped[UUID] = mapped_column(index=True)
    pledge: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(
        default="", doc="Why it is not required: the kedudukan hukum code or the exemption it follows from."
    )
    document_id: Mapped[UUID | None] = mapped_column(unique=True)
    signed_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None] = mapped_column(doc="The person would not sign; it stays pending.")
    declined_reason: Mapped[str | None]
    exemption_id: Mapped[UUID | None] = mapped_column(doc="The exemption that is asked for or in force.")
    late: Mapped[bool] = mapped_column(server_default="false", doc="Owed by somebody who joined after the opening.")


class Exemption(Base):
    """Somebody asks that a person need not sign, for good (`exempt`) or until a day (`deferred`), and what was decided.

    The obligations it holds name it (`Obligation.exemption_id`) while it is asked for or in force, so two can never hold the same.
    """

    __tablename__ = "exemption"
    __table_args__ = (
        ForeignKeyConstraint(["round_id", "employee_id"], ["participant.round_id", "participant.employee_id"]),
        CheckConstraint(f"state IN {EXEMPTION_STATES}", name="state"),
        CheckConstraint(f"kind IN {EXEMPTION_KINDS}", name="kind"),
        CheckConstraint("until IS NULL OR kind = 'deferred'", name="until"),
        CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name="four_eyes"),
        CheckConstraint(
            "state NOT IN ('approved', 'refused', 'expired') OR decided_by IS NOT NULL AND decided_at IS NOT NULL",
            name="decided",
        ),
        CheckConstraint("(state IN ('requested', 'approved', 'refused')) = (ended_at IS NULL)", name="ended"),
        Index("ix_exemption_round_id", "round_id", "id"),
        Index("ix_exemption_employee_id", "employee_id"),
        Index("ix_exemption_until", "until", postgresql_where=text("state = 'approved' AND until IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"))
    employee_id: Mapped[UUID]
    agency_id: Mapped[UUID] = mapped_column(doc="The agency that owns the obligation: the person's at the cut-off.")
    obligation_id: Mapped[UUID] = mapped_column(
        ForeignKey("obligation.id"), index=True, doc="The one it was asked for."
    )
    pledges: Mapped[list[str]] = mapped_column(doc="What it covers: one text of the round, or all the person owes.")
    kind: Mapped[str]
    until: Mapped[date | None] = mapped_column(doc="The last day of a deferral; empty: until it is withdrawn.")
    reason: Mapped[str]
    evidence_sha256: Mapped[str] = mapped_column(doc="Its blob is evidence/{sha256}.")
    evidence_type: Mapped[str]
    evidence_size: Mapped[int]
    state: Mapped[str] = mapped_column(
        doc="requested, approved, refused, withdrawn, expired, or overtaken (signed or left first)"
    )
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(server_default="")
    ended_by: Mapped[UUID | None] = mapped_column(doc="Empty when nobody ended it: its day came, or it was overtaken.")
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str] = mapped_column(server_default="")


class ParticipantChange(Base):
    """What befell somebody in a round after its cut-off. Rows are never changed (a trigger sees to it).

    Whoever has appeared only, and does not take part, is named here too: no key refers to the roster, which may take them back.
    """

    __tablename__ = "participant_change"
    __table_args__ = (
        CheckConstraint(f"kind IN {CHANGE_KINDS}", name="kind"),
        Index("ix_participant_change_round_id", "round_id", "id"),
        Index("ix_participant_change_person", "round_id", "employee_id", "id"),
        Index("ix_participant_change_employee_id", "employee_id"),
        Index("ix_participant_change_batch_id", "batch_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"))
    employee_id: Mapped[UUID]
    agency_id: Mapped[UUID] = mapped_column(doc="The agency that owns the obligation.")
    batch_id: Mapped[UUID] = mapped_column(doc="Changes recorded together: the subject of their entry in the log.")
    recorded_at: Mapped[datetime]
    effective_on: Mapped[date] = mapped_column(doc="Since when it is so, as far as the roster tells.")
    kind: Mapped[str]
    reason: Mapped[str] = mapped_column(doc="legal_status:66, roster:left, exemption:{id}: a code, never a sentence.")
    from_state: Mapped[str] = mapped_column(doc="The person's state before; empty for who did not take part.")
    to_state: Mapped[str]
    unit_before: Mapped[UUID | None]
    unit_after: Mapped[UUID | None]
    recorded_by: Mapped[UUID | None] = mapped_column(doc="Empty when the service followed the roster.")
    note: Mapped[str] = mapped_column(server_default="", doc="What who did it by hand gave as the reason.")


class RosterCount(Base):
    """How many current people of one kind a unit has. Kept by triggers on `employee`, so that a preview counts no people."""

    __tablename__ = "roster_count"

    unit_id: Mapped[UUID] = mapped_column(primary_key=True)
    employment: Mapped[str] = mapped_column(primary_key=True)
    legal_status: Mapped[str] = mapped_column(primary_key=True)
    position_kind: Mapped[str] = mapped_column(primary_key=True)
    echelon: Mapped[str] = mapped_column(primary_key=True)
    without_nip: Mapped[bool] = mapped_column(primary_key=True)
    people: Mapped[int]


class EmployeeUnfollowed(Base):
    """Somebody whose record changed while a round was open; triggers note it in the transaction of the change."""

    __tablename__ = "employee_unfollowed"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    employee_id: Mapped[UUID]
