"""Signing sessions, their documents, keys and evidence as stored."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

LIVE = "state IN ('prepared', 'certified', 'sending')"
"""SQL: an act that is under way; written out, so that the planner knows the index that holds these alone."""


class SigningSession(Base):
    """One act of signing, for one or many documents. State moves only as `states.py` says."""

    __tablename__ = "signing_session"
    __table_args__ = (
        CheckConstraint(
            "state IN ('prepared', 'certified', 'sending', 'signed', 'unknown', 'abandoned', 'declined')", name="state"
        ),
        CheckConstraint("kind IN ('sign', 'countersign')", name="kind"),
        Index(
            "uq_signing_session_live",
            "employee_id",
            unique=True,
            postgresql_where=text(LIVE),
        ),
        Index("ix_signing_session_elsewhere", "employee_id", "id", postgresql_where=text("provider <> 'device'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"))
    kind: Mapped[str] = mapped_column(
        server_default="sign", doc="sign: the own pledges; countersign: those of an agency."
    )
    provider: Mapped[str] = mapped_column(server_default="device", doc="Who or what signs: a name of the registry.")
    state: Mapped[str]
    nonce: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    restarts: Mapped[int] = mapped_column(default=0)
    spki: Mapped[bytes | None]
    certificate: Mapped[bytes | None]
    certificate_expires_at: Mapped[datetime | None]
    asked: Mapped[bytes | None] = mapped_column(
        doc="SHA-256 of the request that led to this state: the same body gets the same answer."
    )
    answer: Mapped[dict[str, Any] | None] = mapped_column(doc="What that request was answered.")
    signed_at: Mapped[datetime | None]


class SigningSessionDocument(Base):
    """Which documents the act covers, in the order they are read."""

    __tablename__ = "signing_session_document"
    __table_args__ = (UniqueConstraint("document_id"),)

    session_id: Mapped[UUID] = mapped_column(ForeignKey("signing_session.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"))


class Countersignature(Base):
    """One document in an act of countersigning: the revision that waits for the official's signature."""

    __tablename__ = "countersignature"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("signing_session.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), index=True)
    countersigner_id: Mapped[UUID] = mapped_column(ForeignKey("countersigner.id"))
    revision: Mapped[bytes | None] = mapped_column(doc="The unsigned bytes; dropped when the act is over.")
    start: Mapped[int] = mapped_column(doc="Where the revision begins in the file.")
    hole_start: Mapped[int]
    hole_end: Mapped[int]
    digest: Mapped[bytes] = mapped_column(doc="SHA-256 of what the signature covers.")


class SigningCode(Base):
    """The one-time code of a session: bound to its nonce, five minutes, three tries."""

    __tablename__ = "signing_code"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("signing_session.id"), primary_key=True)
    code_hash: Mapped[bytes]
    expires_at: Mapped[datetime]
    tries_left: Mapped[int]


class DeviceKey(Base):
    """Every device key ever certified: a key is used in one act only."""

    __tablename__ = "device_key"

    spki_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("signing_session.id"))


class SigningEvidence(Base):
    """How the signer proved who they are over the act; kept also for a certificate that was never used."""

    __tablename__ = "signing_evidence"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("signing_session.id"), index=True)
    at: Mapped[datetime]
    method: Mapped[str]
    address: Mapped[str]
    data: Mapped[dict[str, Any]]
    abandoned: Mapped[bool] = mapped_column(default=False)


class RemoteCall(Base):
    """One document in one call to a provider: written before the call is made, so that no call is ever forgotten.

    A document that is being sent, may have been signed, or was signed, is never sent again.
    """

    __tablename__ = "remote_call"
    __table_args__ = (
        CheckConstraint("state IN ('sending', 'signed', 'refused', 'unknown', 'not_signed')", name="state"),
        CheckConstraint("kind IN ('sign', 'countersign')", name="kind"),
        Index("ix_remote_call_open", "id", postgresql_where=text("state IN ('sending', 'unknown')")),
        Index(
            "uq_remote_call_document",
            "document_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('sending', 'unknown', 'signed')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("signing_session.id"), index=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"))
    kind: Mapped[str] = mapped_column(server_default="sign", doc="As that of its act.")
    provider: Mapped[str]
    state: Mapped[str]
    sent_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(doc="When the answer was here, by our own clock.")
    reason: Mapped[str] = mapped_column(default="", doc="The refusal's code, or what was seen of an unknown end.")
    reference: Mapped[str] = mapped_column(default="", doc="The service's own number of the document.")
    certificate: Mapped[dict[str, Any] | None] = mapped_column(doc="Whom the certificate names, in its own words.")
    stamped_at: Mapped[datetime | None] = mapped_column(doc="The time in the signature's time stamp.")
    checked_at: Mapped[datetime | None] = mapped_column(doc="When the service was asked again last.")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decision: Mapped[str | None] = mapped_column(doc="What the person who decided wrote.")
    opinion: Mapped[str | None] = mapped_column(doc="What the service itself said of a file that was handed in.")


class WetScan(Base):
    """A scan of a pledge signed on paper, until somebody has looked at it; an accepted one is a document."""

    __tablename__ = "wet_scan"
    __table_args__ = (
        CheckConstraint("state IN ('uploaded', 'accepted', 'refused')", name="state"),
        CheckConstraint("(state = 'accepted') = (document_id IS NOT NULL)", name="accepted_has_document"),
        Index("uq_wet_scan_waiting", "obligation_id", unique=True, postgresql_where=text("state = 'uploaded'")),
        Index("ix_wet_scan_to_judge", "agency_id", "id", postgresql_where=text("state = 'uploaded'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    obligation_id: Mapped[UUID] = mapped_column(ForeignKey("obligation.id"), index=True)
    round_id: Mapped[UUID]
    employee_id: Mapped[UUID]
    agency_id: Mapped[UUID]
    state: Mapped[str]
    media_type: Mapped[str] = mapped_column(doc="What it was uploaded as.")
    blob: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[bytes]
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None]
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("document.id"))
