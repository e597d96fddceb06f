"""Accounts of administrators as stored: no password, secrets only as hashes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Account(Base):
    """Somebody who works with the service in a role other than that of an ASN. One e-mail address is one account."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("state IN ('invited', 'active', 'disabled')", name="state"),
        CheckConstraint("role <> 'asn'", name="role"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True, doc="In lower case.")
    role: Mapped[str]
    agencies: Mapped[list[str] | None] = mapped_column(doc="Unit ids of the OPD it may see; null: all.")
    employee_id: Mapped[UUID | None] = mapped_column(ForeignKey("employee.id"), unique=True)
    state: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    disabled_at: Mapped[datetime | None]


class AccountInvitation(Base):
    """A one-use link that lets its holder register a passkey for an account."""

    __tablename__ = "account_invitation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    challenge: Mapped[bytes | None] = mapped_column(doc="Of a registration under way.")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AccountPasskey(Base):
    """A WebAuthn credential of an account."""

    __tablename__ = "account_passkey"

    credential_id: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, doc="What it is called by outside.")
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    public_key: Mapped[bytes] = mapped_column(doc="COSE key (RFC 9052).")
    sign_count: Mapped[int] = mapped_column(BigInteger)  # an unsigned 32-bit number
    created_at: Mapped[datetime]
    browser: Mapped[str]
    last_used_at: Mapped[datetime | None]


class AccountSession(Base):
    """A browser signed in to an account; with `confirmed_at` null it has only come by the agency's sign-on and opens nothing yet."""

    __tablename__ = "account_session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    challenge: Mapped[bytes | None] = mapped_column(doc="Of a passkey that is asked for or registered.")
    challenge_until: Mapped[datetime | None]
    address: Mapped[str]
    browser: Mapped[str]
    device: Mapped[bytes | None] = mapped_column(doc="SHA-256 of the browser's own cookie: whose office it is.")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(doc="True to the minute.")
    confirmed_at: Mapped[datetime | None] = mapped_column(doc="When a passkey was used in it last.")
    oidc_subject: Mapped[str | None] = mapped_column(doc="`sub` at the agency's sign-on, for its back-channel logout.")
    oidc_session: Mapped[str | None] = mapped_column(doc="`sid` there.")
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


Index("ix_account_session_device", AccountSession.device, postgresql_where=AccountSession.device.is_not(None))
