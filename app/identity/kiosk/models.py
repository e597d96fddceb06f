"""Kiosks as stored: code and cookie only as digests."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Kiosk(Base):
    """A tablet of an OPD. It waits for its code, is enrolled with it once, and works until it is revoked."""

    __tablename__ = "kiosk"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), index=True)
    name: Mapped[str]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    code_hash: Mapped[bytes | None] = mapped_column(unique=True, doc="Of the one-use code; null once it was used.")
    code_until: Mapped[datetime]
    token_hash: Mapped[bytes | None] = mapped_column(unique=True, doc="Of the tablet's cookie.")
    enrolled_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
