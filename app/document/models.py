"""Documents and the byte ranges their revisions lie in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

STATES = ("prepared", "signed", "countersigned", "sealed", "abandoned", "void")
FILED = ("signed", "countersigned", "sealed", "void")
"""States in which there is a file that carries the person's signature."""
READY_FOR_SEAL = (
    "provider <> 'wet_scan' AND seal_refused IS NULL"
    " AND (state = 'countersigned' OR (state = 'signed' AND countersign_agency_id IS NULL))"
)
UNSEALED = "state IN ('signed', 'countersigned') AND provider <> 'wet_scan'"
SEAL_REFUSED = ("no_changes", "field_lock", "form")
"""Why nothing is appended to a document: the words of `app.pdf.ending.AppendRefused`."""
GROUNDS = ("wrong_template", "wrong_data", "wrong_person", "duplicate", "other")
"""Classes of reasons a document is voided for, as strangers may know them."""


class Document(Base):
    """One PDF. Its file is the prefix of its template variant and then its revisions, joined."""

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(state = 'void') = (voided_at IS NOT NULL)", name="void_has_time"),
        Index("ix_document_ready_for_seal", "signed_at", postgresql_where=text(READY_FOR_SEAL)),
        Index("ix_document_unsealed", "round_id", "id", postgresql_where=text(UNSEALED)),
        Index(
            "ix_document_to_countersign",
            "round_id",
            "countersign_agency_id",
            "id",
            postgresql_where=text("state = 'signed' AND countersign_agency_id IS NOT NULL"),
        ),
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
    digest: Mapped[bytes] = mapped_column(
        doc="SHA-256 of what the signature covers; of a file that goes out whole, of that."
    )
    prepared_tail: Mapped[bytes | None] = mapped_column(doc="The unsigned bytes; dropped when they are signed.")
    sha256: Mapped[bytes | None] = mapped_column(index=True, doc="SHA-256 of the whole file in its newest revision.")
    signed_sha256: Mapped[bytes | None] = mapped_column(
        index=True, doc="SHA-256 of the whole file as the person signed it."
    )
    size: Mapped[int | None]
    assurance: Mapped[str] = mapped_column(default="uncertified", doc="certified, uncertified, wet_scan")
    provider: Mapped[str] = mapped_column(server_default="device", doc="Who or what signs it: a name of the registry.")
    countersign_provider: Mapped[str | None] = mapped_column(doc="Who or what made the official's signature.")
    seal_refused: Mapped[str | None] = mapped_column(doc="Why nothing may follow its signatures: one of SEAL_REFUSED.")
    countersigned_sha256: Mapped[bytes | None] = mapped_column(
        index=True, doc="SHA-256 of the whole file as the official signed it."
    )
    signed_at: Mapped[datetime | None]
    countersigned_at: Mapped[datetime | None]
    sealed_at: Mapped[datetime | None]
    renewed_at: Mapped[datetime | None] = mapped_column(doc="When its archive time stamp was last renewed.")
    countersign_agency_id: Mapped[UUID | None] = mapped_column(
        doc="The agency whose countersigner takes note; empty: nobody has to."
    )
    countersigner_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("countersigner.id"), doc="Whose name is printed; empty where only the position is."
    )
    left_out_at: Mapped[datetime | None] = mapped_column(doc="When the official left it out of what they sign.")
    left_out_reason: Mapped[str | None]
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[UUID | None]
    void_ground: Mapped[str | None] = mapped_column(doc="One of GROUNDS; the public knows it.")
    void_reason: Mapped[str | None]


class DocumentRevision(Base):
    """Where the stored entry of one revision lies: revision 0 is the signed tail, later ones are appended to it."""

    __tablename__ = "document_revision"
    __table_args__ = (Index("ix_document_revision_sha256", "sha256", postgresql_where=text("sha256 IS NOT NULL")),)

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(doc="signed, countersigned, sealed, renewed")
    blob: Mapped[str]
    offset: Mapped[int]
    length: Mapped[int]
    sha256: Mapped[bytes | None] = mapped_column(
        doc="SHA-256 of the whole file up to here, where a renewed time stamp followed."
    )


class StampFault(Base):
    """A time-stamping authority of others that did not give a good token when it was asked last, and why."""

    __tablename__ = "stamp_fault"

    url: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    since: Mapped[datetime]
    seen_at: Mapped[datetime]


class PaperSheet(Base):
    """A pledge printed to be signed on paper: the code on the sheet leads from its scan back to whose it is."""

    __tablename__ = "paper_sheet"

    obligation_id: Mapped[UUID] = mapped_column(ForeignKey("obligation.id"), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    printed_at: Mapped[datetime] = mapped_column(doc="When it was first printed; a second print is the same sheet.")
