"""Documents and the byte ranges their revisions lie in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

STATES = ("prepared", "signed", "sealed", "abandoned")


class Document(Base):
    """One PDF. Its file is the prefix of its template variant and then its revisions, joined."""

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("ix_document_waiting_for_seal", "signed_at", postgresql_where=text("state = 'signed'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True, doc="What the QR code leads to: /v/{code}.")
    obligation_id: Mapped[UUID] = mapped_column(ForeignKey("obligation.id"), index=True)
    round_id: Mapped[UUID]
    employee_id: Mapped[UUID] = mapped_column(index=True)
    agency_id: Mapped[UUID]
    pledge: Mapped[str]
    prefix: Mapped[str] = mapped_column(doc="SHA-256 of the prefix; its blob is prefix/{sha256}.")
    state: Mapped[str]
    prepared_at: Mapped[datetime]
    hole_start: Mapped[int]
    hole_end: Mapped[int]
    digest: Mapped[bytes] = mapped_column(doc="SHA-256 of what the signature covers.")
    prepared_tail: Mapped[bytes | None] = mapped_column(doc="The unsigned bytes; dropped when they are signed.")
    sha256: Mapped[bytes | None] = mapped_column(index=True, doc="SHA-256 of the whole file in its newest revision.")
    signed_sha256: Mapped[bytes | None] = mapped_column(
        index=True, doc="SHA-256 of the whole file as the person signed it."
    )
    size: Mapped[int | None]
    assurance: Mapped[str] = mapped_column(default="uncertified", doc="certified, uncertified, wet_scan")
    signed_at: Mapped[datetime | None]
    sealed_at: Mapped[datetime | None]


class DocumentRevision(Base):
    """Where the stored entry of one revision lies: revision 0 is the signed tail, later ones are appended to it."""

    __tablename__ = "document_revision"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(doc="signed, sealed")
    blob: Mapped[str]
    offset: Mapped[int]
    length: Mapped[int]


class PaperSheet(Base):
    """A pledge printed to be signed on paper: the code on the sheet leads from its scan back to whose it is."""

    __tablename__ = "paper_sheet"

    obligation_id: Mapped[UUID] = mapped_column(ForeignKey("obligation.id"), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    printed_at: Mapped[datetime] = mapped_column(doc="When it was first printed; a second print is the same sheet.")
