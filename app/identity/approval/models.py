"""Acts that wait for a second administrator, as stored."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Approval(Base):
    """An act somebody asked for, with its input, and what a second administrator said. A request that is too old is dead as it is."""

    __tablename__ = "approval"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'approved', 'refused')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    act: Mapped[str]
    data: Mapped[dict[str, Any]]
    about: Mapped[str] = mapped_column(doc="What it is about, for people: a round's title, an account.")
    state: Mapped[str]
    asked_by: Mapped[UUID] = mapped_column(doc="An account, a token, or the operator (all zeros).")
    asked_name: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
