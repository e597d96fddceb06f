"""Endpoints, messages, deliveries and attempts as stored; and the outbox that triggers fill (migration 0015).

A message is one fact in the exact bytes that are sent; a delivery is one message for one endpoint. No table names a person.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

EVENTS = (
    "document.signed",
    "document.countersigned",
    "document.sealed",
    "document.voided",
    "round.opened",
    "round.closed",
    "roster.applied",
    "roster.undone",
    "obligation.exempted",
)
TEST_EVENT = "webhook.test"
STATES = ("waiting", "sending", "delivered", "dead")
CAUSES = ("", "admin", "gone", "failing", "backlog", "secret")


class WebhookOutbox(Base):
    """A fact, written in its own transaction. Whatever is in here is not told yet: no watermark, so a late committer is told later."""

    __tablename__ = "webhook_outbox"
    __table_args__ = (
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "2000"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


class WebhookWanted(Base):
    """A kind of event some enabled endpoint wants; the triggers queue no other."""

    __tablename__ = "webhook_wanted"

    kind: Mapped[str] = mapped_column(primary_key=True)


class Webhook(Base):
    """An endpoint, and how it is doing: `failures` in a row, since when, and until when it is left in peace."""

    __tablename__ = "webhook"
    __table_args__ = (
        CheckConstraint(f"disabled_cause IN {CAUSES}", name="cause"),
        CheckConstraint("enabled = (disabled_at IS NULL)", name="disabled"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str]
    events: Mapped[list[str]]
    description: Mapped[str]
    enabled: Mapped[bool]
    secret: Mapped[bytes] = mapped_column(doc="Sealed (`app.webhook.sealing`).")
    secret_before: Mapped[bytes | None] = mapped_column(doc="The secret before the last rotation, sealed.")
    secret_before_until: Mapped[datetime | None] = mapped_column(doc="Until when messages are signed with it too.")
    failures: Mapped[int]
    failing_since: Mapped[datetime | None]
    last_error: Mapped[str]
    paused_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_cause: Mapped[str] = mapped_column(doc="Why it is off: an administrator, or one of CAUSES.")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]


class WebhookMessage(Base):
    """What is told, in its exact bytes (UTF-8). Its id is the `webhook-id`, the same for every endpoint and attempt."""

    __tablename__ = "webhook_message"
    __table_args__ = (Index("ix_webhook_message_created_at", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime]


class WebhookDelivery(Base):
    """One message for one endpoint. `tries` counts since it was last (re)started, `attempts` all there ever were."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("ix_webhook_delivery_message_id", "message_id"),
        Index(
            "ix_webhook_delivery_due",
            "webhook_id",
            "next_at",
            "message_id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_delivery_sending", "webhook_id", "claimed_at", postgresql_where=text("state = 'sending'")),
        Index("ix_webhook_delivery_dead", "webhook_id", "message_id", postgresql_where=text("state = 'dead'")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_message.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str]
    state: Mapped[str]
    tries: Mapped[int]
    attempts: Mapped[int]
    next_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None] = mapped_column(doc="Committed before the message leaves.")
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class WebhookAttempt(Base):
    """One request and its answer: the status, or why there was none; of the answer at most 1 kB is kept."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["webhook_id", "message_id"],
            ["webhook_delivery.webhook_id", "webhook_delivery.message_id"],
            ondelete="CASCADE",
        ),
    )

    webhook_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    milliseconds: Mapped[int]
    status: Mapped[int | None]
    error: Mapped[str]
    answer: Mapped[str]
