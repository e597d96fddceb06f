"""Schedules, waves and deliveries as stored."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

PERSON_KINDS = ("first", "regular", "last", "manual")
OFFICIAL_KINDS = ("escalation", "recap")
KINDS = (*PERSON_KINDS, *OFFICIAL_KINDS)
WAVE_STATES = ("planned", "running", "done", "cancelled", "missed")
DELIVERY_STATES = ("waiting", "sending", "sent", "delivered", "failed", "bounced", "unknown", "skipped")
CHANNELS = ("mail", "whatsapp", "sms")


class ReminderPlan(Base):
    """The schedule somebody set for a round; a round without one has that of the settings."""

    __tablename__ = "reminder_plan"

    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"), primary_key=True)
    plan: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
    updated_by: Mapped[UUID]


class ReminderPause(Base):
    """One row: since when nothing at all is sent, and who stopped it."""

    __tablename__ = "reminder_pause"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(default="")


class ReminderWave(Base):
    """One sending to everybody concerned: known by round, kind and planned time, so that it is made once only."""

    __tablename__ = "reminder_wave"
    __table_args__ = (
        UniqueConstraint("round_id", "kind", "planned_at"),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"state IN {WAVE_STATES}", name="state"),
        Index("ix_reminder_wave_due", "due_at", postgresql_where=text("state IN ('planned', 'running')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"))
    kind: Mapped[str]
    planned_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(doc="The first allowed minute from the planned time on.")
    state: Mapped[str]
    place: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True), doc="How far its list is written.")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(doc="Empty: by the schedule.")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[UUID | None]


class ReminderDelivery(Base):
    """One recipient of one wave, and what came of it. Its id is the message's, whatever the number of tries."""

    __tablename__ = "reminder_delivery"
    __table_args__ = (
        UniqueConstraint("wave_id", "recipient"),
        CheckConstraint(f"state IN {DELIVERY_STATES}", name="state"),
        Index("ix_reminder_delivery_wave", "wave_id", "id"),
        Index("ix_reminder_delivery_agency", "agency_id", "wave_id", "id"),
        Index("ix_reminder_delivery_open", "wave_id", "id", postgresql_where=text("state IN ('waiting', 'sending')")),
        Index(
            "ix_reminder_delivery_person",
            "employee_id",
            "claimed_at",
            postgresql_where=text("claimed_at IS NOT NULL AND employee_id IS NOT NULL"),
        ),
        Index("ix_reminder_delivery_gateway", "channel", "gateway_id", postgresql_where=text("gateway_id IS NOT NULL")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    wave_id: Mapped[UUID] = mapped_column(ForeignKey("reminder_wave.id"))
    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"))
    kind: Mapped[str]
    recipient: Mapped[str] = mapped_column(doc="Who it is within the wave: the person's id, or agency and address.")
    employee_id: Mapped[UUID | None] = mapped_column(ForeignKey("employee.id"))
    agency_id: Mapped[UUID | None] = mapped_column(doc="Empty: the whole local government.")
    name: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str]
    state: Mapped[str]
    cause: Mapped[str] = mapped_column(doc="Why it was skipped or failed: a stable code.")
    detail: Mapped[str] = mapped_column(doc="What the server said.")
    attempts: Mapped[int]
    not_before: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None] = mapped_column(doc="Written and committed before the message is handed over.")
    settled_at: Mapped[datetime | None]
    gateway_id: Mapped[str | None]
    resent_at: Mapped[datetime | None]
    resent_by: Mapped[UUID | None]


class ReminderAddress(Base):
    """How often an address refused for good; the address itself only as SHA-256 of its small letters."""

    __tablename__ = "reminder_address"

    channel: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    hard_failures: Mapped[int]
    reason: Mapped[str]
    unreachable_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class ReminderRecipient(Base):
    """Somebody beside the heads who is told figures: of one agency (its administrator), or of all (the Sekda)."""

    __tablename__ = "reminder_recipient"
    __table_args__ = (Index("ix_reminder_recipient_agency_id", "agency_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str]
    title: Mapped[str]
    email: Mapped[str]
    escalation: Mapped[bool]
    recap: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
