"""Known browsers and sign-in codes as stored: secrets only as hashes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class KnownBrowser(Base):
    """A browser a person has signed in with: there NIP and PIN are enough."""

    __tablename__ = "known_browser"

    digest: Mapped[bytes] = mapped_column(primary_key=True, doc="SHA-256 of the browser's cookie and the person.")
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    misses: Mapped[int] = mapped_column(doc="Wrong PINs in a row.")
    misses_ever: Mapped[int] = mapped_column(doc="Wrong PINs since it became known.")


class LoginCode(Base):
    """NIP and PIN were given in a browser that is not known; what is asked next. There is one whether they were right or not.

    No foreign key: a stranger's guess must not keep a person on the roster.
    """

    __tablename__ = "login_code"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(unique=True, doc="SHA-256 of what the browser holds.")
    employee_id: Mapped[UUID | None] = mapped_column(index=True, doc="Whose NIP it was; null: nobody's.")
    proven: Mapped[bool] = mapped_column(doc="Whether the PIN was right.")
    code_hash: Mapped[bytes | None] = mapped_column(doc="Of the code that was mailed.")
    mailed_at: Mapped[datetime | None]
    address: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    tries_left: Mapped[int]
