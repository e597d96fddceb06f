"""Employees and staged roster imports as stored."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

EMPLOYMENTS = ("pns", "cpns", "pppk", "pppk_pw", "non_asn")


class Employee(Base):
    """A person on the roster. The UUID is the key: a NIP may change and is unique only among current staff."""

    __tablename__ = "employee"
    __table_args__ = (
        Index("uq_employee_nip_current", "nip", unique=True, postgresql_where=text("current")),
        Index("ix_employee_unit_id", "unit_id"),
        CheckConstraint(f"employment IN {EMPLOYMENTS}", name="employment"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pns_id: Mapped[str | None] = mapped_column(unique=True, doc="SIASN's stable id of the person.")
    nip: Mapped[str]
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
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RosterImport(Base):
    """One uploaded roster: staged, looked at, applied in one transaction or left."""

    __tablename__ = "roster_import"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    file_name: Mapped[str]
    sha256: Mapped[str]
    status: Mapped[str] = mapped_column(default="staged", doc="staged, applied")
    counts: Mapped[dict[str, Any]]
    units: Mapped[list[dict[str, Any]]] = mapped_column(doc="Rows of the unit file that came with it.")
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]


class RosterRow(Base):
    """One row of the sheet with what became of it."""

    __tablename__ = "roster_row"
    __table_args__ = (Index("ix_roster_row_outcome", "import_id", "outcome"),)

    import_id: Mapped[UUID] = mapped_column(ForeignKey("roster_import.id"), primary_key=True)
    sheet: Mapped[str] = mapped_column(primary_key=True, doc="Empty for CSV.")
    row: Mapped[int] = mapped_column(primary_key=True, doc="Number in the sheet, header = 1 when it stands first.")
    outcome: Mapped[str] = mapped_column(doc="accepted, warned, rejected")
    change: Mapped[str] = mapped_column(default="", doc="new, changed, unchanged; empty for a rejected row")
    codes: Mapped[list[str]]
    column: Mapped[str] = mapped_column("column_name", default="")
    found: Mapped[str] = mapped_column(default="")
    remedy: Mapped[str] = mapped_column(default="")
    person: Mapped[dict[str, Any] | None]
    employee_id: Mapped[UUID | None]
