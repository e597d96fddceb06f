"""Employees, their versions, and roster imports as stored."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Identity, Index, SmallInteger, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.asn.linking import models as _linking  # noqa: F401 - the same
from app.asn.nik import models as _nik  # noqa: F401 - its tables stand with the others
from app.asn.search import models as _search  # noqa: F401 - the same
from app.core.db import Base

EMPLOYMENTS = ("pns", "cpns", "pppk", "pppk_pw", "non_asn")
HEAD_KINDS = ("definitive", "plt", "plh")
REQUEST_STATES = ("open", "accepted", "refused")
DECISIONS = ("keep", "left", "transferred")


class Employee(Base):
    """A person on the roster. The UUID is the key: a NIP may change and is unique only among current staff."""

    __tablename__ = "employee"
    __table_args__ = (
        Index("uq_employee_nip_current", "nip", unique=True, postgresql_where=text("current AND nip <> ''")),
        Index(
            "uq_employee_local_number_current",
            "local_number",
            unique=True,
            postgresql_where=text("current AND local_number <> ''"),
        ),
        Index(
            "uq_employee_nik_digest_current",
            "nik_digest",
            unique=True,
            postgresql_where=text("current AND nik_digest <> ''"),
        ),
        Index("ix_employee_unit_id", "unit_id"),
        Index("ix_employee_name", "name", "id", postgresql_where=text("current")),
        Index("ix_employee_unit_name", "unit_id", "name", "id", postgresql_where=text("current")),
        Index("ix_employee_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        CheckConstraint(f"employment IN {EMPLOYMENTS}", name="employment"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pns_id: Mapped[str | None] = mapped_column(unique=True, doc="SIASN's stable id of the person.")
    nip: Mapped[str] = mapped_column(doc="Empty for somebody who has none (non-ASN).")
    local_number: Mapped[str] = mapped_column(
        server_default="", doc="The agency's own number of somebody without NIP, as its file writes it."
    )
    nik_digest: Mapped[str] = mapped_column(
        server_default="",
        doc="Knows somebody without NIP again by the NIK, which it does not tell (`app.asn.nik.digest`).",
    )
    name: Mapped[str] = mapped_column(doc="Title case, with degrees, as printed.")
    birth_date: Mapped[date]
    employment: Mapped[str]
    legal_status: Mapped[str] = mapped_column(doc="Kedudukan hukum code.")
    grade: Mapped[str] = mapped_column(default="", doc="III/d, or Golongan IX.")
    grade_title: Mapped[str] = mapped_column(default="", doc="Pangkat and golongan ruang as printed.")
    position_kind: Mapped[str] = mapped_column(default="")
    position: Mapped[str] = mapped_column(default="")
    echelon: Mapped[str] = mapped_column(default="")
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    current: Mapped[bool] = mapped_column(default=True)
    merged_into: Mapped[UUID | None] = mapped_column(
        ForeignKey("employee.id"), doc="The record of the same person that goes on; this one is its past."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EmployeeVersion(Base):
    """What held of a person from `valid_from` up to `valid_to`, as known from `recorded_at` until `superseded_at`.

    Two times (bitemporal): a change of the world closes a version at a day and opens the next; a correction replaces a version
    that was wrong. Nothing is rewritten: what was believed earlier stays, with the moment it was superseded. E-mail and phone have
    no history: nobody needs to prove them.
    """

    __tablename__ = "employee_version"
    __table_args__ = (
        Index("ix_employee_version_employee_id", "employee_id"),
        Index("ix_employee_version_name", "name", "employee_id", postgresql_where=text("superseded_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None] = mapped_column(doc="The first day it no longer holds.")
    recorded_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    cause: Mapped[str] = mapped_column(doc="new, change, correction, left, transferred, returned, merged, first")
    reason: Mapped[str] = mapped_column(
        server_default="", doc="What the person who changed it by hand gave as the reason."
    )
    import_id: Mapped[UUID | None] = mapped_column(doc="The import that recorded it.")
    superseded_by: Mapped[UUID | None] = mapped_column(doc="The import that superseded it, so that it can be undone.")
    recorded_by: Mapped[UUID | None]
    nip: Mapped[str]
    local_number: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str]
    birth_date: Mapped[date]
    employment: Mapped[str]
    legal_status: Mapped[str]
    grade: Mapped[str]
    grade_title: Mapped[str]
    position_kind: Mapped[str]
    position: Mapped[str]
    echelon: Mapped[str]
    unit_id: Mapped[UUID]
    current: Mapped[bool]


class UnitHead(Base):
    """Who leads a unit from a day up to another: definitively, or acting on a mandate (Plt., Plh.). Recorded, never rewritten."""

    __tablename__ = "unit_head"
    __table_args__ = (
        CheckConstraint(f"kind IN {HEAD_KINDS}", name="kind"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days"),
        CheckConstraint("kind = 'definitive' OR mandate_number <> ''", name="mandate"),
        Index("ix_unit_head_unit_id", "unit_id", "valid_from", "id"),
        Index("ix_unit_head_employee_id", "employee_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"))
    kind: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None] = mapped_column(doc="The first day it no longer holds.")
    mandate_number: Mapped[str] = mapped_column(default="", doc="Number of the decision or order.")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID]


class DataRequest(Base):
    """Somebody says that what is kept about them is wrong, and what was answered."""

    __tablename__ = "data_request"
    __table_args__ = (
        CheckConstraint(f"state IN {REQUEST_STATES}", name="state"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        Index("ix_data_request_state", "state", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), index=True)
    field: Mapped[str]
    message: Mapped[str]
    state: Mapped[str]
    answer: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]


class RosterState(Base):
    """One row: how often the roster was changed as a whole. An import compared with another revision is outdated."""

    __tablename__ = "roster_state"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)


class RosterImport(Base):
    """One uploaded roster: staged, looked at, applied in one transaction or left."""

    __tablename__ = "roster_import"
    __table_args__ = (Index("ix_roster_import_reading", "reading"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("roster_import.id"), doc="The import this one corrects.")
    source: Mapped[str] = mapped_column(server_default="file", doc="file, or the service it was asked of: siasn")
    file_name: Mapped[str]
    sha256: Mapped[str]
    status: Mapped[str] = mapped_column(default="staged", doc="reading, unmapped, refused, staged, applied, undone")
    counts: Mapped[dict[str, Any]]
    units: Mapped[list[dict[str, Any]]] = mapped_column(doc="Rows of the unit file that came with it.")
    units_before: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True), doc="For undoing.")
    layout: Mapped[dict[str, Any]] = mapped_column(doc="What was made of the header: form, fingerprint, columns.")
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), doc="Why it was not read.")
    reading: Mapped[str] = mapped_column(default="", doc="Same file, units and mapping: same reading, not read again.")
    effective_on: Mapped[date | None] = mapped_column(doc="From which day on its changes hold; the day it is applied.")
    base_revision: Mapped[int] = mapped_column(BigInteger, default=0, doc="The revision it was compared with.")
    applied_revision: Mapped[int | None] = mapped_column(BigInteger)
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class RosterRow(Base):
    """One row of the sheet with what became of it. Its values are as read; a `silent` one the file has no column for."""

    __tablename__ = "roster_row"
    __table_args__ = (
        Index("ix_roster_row_outcome", "import_id", "outcome", postgresql_where=text("outcome <> 'accepted'")),
        Index("ix_roster_row_change", "import_id", "change"),
        Index("ix_roster_row_employee_id", "employee_id"),
    )

    # No foreign key: imports are never deleted, and looking the same one up for each of a million rows takes a fifth of writing them.
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    sheet: Mapped[str] = mapped_column(primary_key=True, doc="Empty for CSV.")
    row: Mapped[int] = mapped_column(primary_key=True, doc="Number in the sheet, header = 1 when it stands first.")
    place: Mapped[int] = mapped_column(default=0, doc="Its place in the order of the file, over all sheets.")
    outcome: Mapped[str] = mapped_column(doc="accepted, warned, rejected")
    change: Mapped[str] = mapped_column(default="", doc="new, changed, unchanged; empty for a rejected row")
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), doc="Field: [from, to].")
    findings: Mapped[list[dict[str, Any]]] = mapped_column(doc="code, column, found, params; the gravest first")
    silent: Mapped[list[str]] = mapped_column(ARRAY(String))
    employee_id: Mapped[UUID | None]
    pns_id: Mapped[str] = mapped_column(default="")
    nip: Mapped[str] = mapped_column(default="")
    local_number: Mapped[str] = mapped_column(server_default="")
    nik_digest: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str] = mapped_column(default="")
    birth_date: Mapped[date | None]
    employment: Mapped[str] = mapped_column(default="")
    legal_status: Mapped[str] = mapped_column(default="")
    grade: Mapped[str] = mapped_column(default="")
    grade_title: Mapped[str] = mapped_column(default="")
    position_kind: Mapped[str] = mapped_column(default="")
    position: Mapped[str] = mapped_column(default="")
    echelon: Mapped[str] = mapped_column(default="")
    unit: Mapped[str] = mapped_column(default="", doc="SIASN's id of the unit.")
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")


class RosterMissing(Base):
    """Somebody of the agencies a file covers who is not in it, and what a person decided about them."""

    __tablename__ = "roster_missing"
    __table_args__ = (CheckConstraint(f"decision IN {DECISIONS}", name="decision"),)

    import_id: Mapped[UUID] = mapped_column(ForeignKey("roster_import.id"), primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(primary_key=True)
    decision: Mapped[str] = mapped_column(default="keep")
    decided_on: Mapped[date | None] = mapped_column(doc="The first day they are no longer there.")
    unit_id: Mapped[UUID | None] = mapped_column(doc="Where a transferred person went, when it is one of our units.")
    unit_before: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]


class RosterMapping(Base):
    """Which column of a local form is which of ours, known again by the form's header."""

    __tablename__ = "roster_mapping"

    fingerprint: Mapped[str] = mapped_column(primary_key=True, doc="SHA-256 of the header's names.")
    name: Mapped[str]
    columns: Mapped[dict[str, Any]] = mapped_column(doc="Our column: the form's.")
    saved_by: Mapped[UUID]
    saved_at: Mapped[datetime]
