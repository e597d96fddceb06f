"""Words people are found by, as stored."""

from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

EVERYWHERE = UUID(int=0)
"""Stands in `name_key` for all agencies together."""


class EmployeeTerm(Base):
    """A word somebody current is found by, folded: a part of the name, or the NIP from a printed group on.

    In the key the agency stands first, so that what a search in one agency costs says nothing about the others; who sees everything is
    served by an index without it. No foreign key: rows are written anew from `EmployeeUnindexed`, and whoever reads them joins the person.
    """

    __tablename__ = "employee_term"
    __table_args__ = (
        Index("ix_employee_term_employee_id", "employee_id"),
        Index("ix_employee_term_word", "word", "name", "employee_id", postgresql_include=["unit_id"]),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)
    name: Mapped[str] = mapped_column(String(collation="C"), primary_key=True, doc="The whole name, folded.")
    employee_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID | None] = mapped_column(doc="Where they stand; empty in rows of before this was noted.")


class NameKey(Base):
    """How a word that occurs in an agency's names is reached: by its endings (`part`), or itself less one letter (`near`).

    `EVERYWHERE` stands for all agencies together.
    """

    __tablename__ = "name_key"

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(collation="C"), primary_key=True, doc="part, near")
    key: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)
    word: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)


class EmployeeUnindexed(Base):
    """Somebody whose words must be written anew; triggers note it, so that no way of changing people forgets it."""

    __tablename__ = "employee_unindexed"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    employee_id: Mapped[UUID]
