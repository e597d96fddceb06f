"""Credentials and sessions as stored: secrets only as hashes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Activation(Base):
    """A one-time link that lets one person set up a way to sign in."""

    __tablename__ = "activation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    issued_by: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries_left: Mapped[int] = mapped_column(doc="Wrong birth dates still forgiven.")
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginSession(Base):
    """A signed-in browser. `activation_id` is set while the person has not chosen a way to sign in yet."""

    __tablename__ = "login_session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    activation_id: Mapped[UUID | None] = mapped_column(ForeignKey("activation.id"))
    challenge: Mapped[bytes | None] = mapped_column(doc="Of a passkey registration under way.")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Passkey(Base):
    """A WebAuthn credential of a person."""

    __tablename__ = "passkey"

    credential_id: Mapped[bytes] = mapped_column(primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), index=True)
    public_key: Mapped[bytes] = mapped_column(doc="COSE key (RFC 9052).")
    sign_count: Mapped[int]
    created_at: Mapped[datetime]


class LoginChallenge(Base):
    """The challenge of a passkey login that has not been answered yet."""

    __tablename__ = "login_challenge"

    challenge: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class Pin(Base):
    """A person's PIN as an argon2id hash, with its lock."""

    __tablename__ = "pin"

    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    hash: Mapped[str]
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiToken(Base):
    """A bearer token with a role, an OPD scope and an expiry."""

    __tablename__ = "api_token"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    agencies: Mapped[list[str] | None] = mapped_column(doc="Unit ids of the OPD it may see; null: all.")
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
