"""NIKs as stored: sealed, or as a digest."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class EmployeeNik(Base):
    """Somebody's NIK, sealed (`app.asn.nik.sealing`); kept only where BSrE asks for it."""

    __tablename__ = "employee_nik"

    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    sealed: Mapped[bytes]
    sealed_at: Mapped[datetime]


class NikDigestKey(Base):
    """One row: the key digests of NIKs are made with, sealed. A key of its own, because digests cannot be made anew with another."""

    __tablename__ = "nik_digest_key"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    sealed: Mapped[bytes]


class RosterNik(Base):
    """The NIK of a staged row, sealed; there only where NIKs are kept, and gone when its import is applied or its time is over."""

    __tablename__ = "roster_nik"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("roster_import.id"), primary_key=True)
    sheet: Mapped[str] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
