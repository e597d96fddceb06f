"""Credentials and sessions as stored: secrets only as hashes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Activation(Base):
    """A one-time link that lets one person set up a way to sign in."""

    __tablename__ = "activation"
    __table_args__ = (
        CheckConstraint("kind IN ('link', 'slip')", name="kind"),
        Index("ix_activation_used_device", "used_device", postgresql_where=text("used_device IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(server_default="link", doc="link: sent; slip: a printed card with a short code.")
    issued_by: Mapped[UUID]
    issued_role: Mapped[str | None] = mapped_column(doc="As what whoever issued it acted.")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries_left: Mapped[int] = mapped_column(doc="Wrong birth dates still forgiven.")
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None] = mapped_column(doc="When a way to sign in was kept by it.")
    used_address: Mapped[str | None]
    used_device: Mapped[bytes | None] = mapped_column(doc="SHA-256 of the cookie of the browser it was done in.")
    risk: Mapped[str | None] = mapped_column(
        doc="Why a second administrator has to look at it: office, crowd, unreachable."
    )
    contested_at: Mapped[datetime | None] = mapped_column(doc="Since when somebody says it was not its person.")


class LoginSession(Base):
    """A signed-in browser. `activation_id` is set while the person has not chosen a way to sign in yet."""

    __tablename__ = "login_session"
    __table_args__ = tuple(
        Index(f"ix_login_session_{name}", name, postgresql_where=text(f"{name} IS NOT NULL"))
        for name in ("oidc_subject", "oidc_session")
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    activation_id: Mapped[UUID | None] = mapped_column(ForeignKey("activation.id"))
    challenge: Mapped[bytes | None] = mapped_column(doc="Of a passkey registration under way.")
    method: Mapped[str] = mapped_column(server_default="", doc="activation, pin, passkey or oidc.")
    shared: Mapped[bool] = mapped_column(server_default=false(), doc="On a computer others use: short, and not known.")
    address: Mapped[str] = mapped_column(server_default="", doc="Where it was seen last.")
    browser: Mapped[str] = mapped_column(server_default="", doc="What the browser calls itself.")
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now(), doc="True to the minute.")
    kiosk_id: Mapped[UUID | None] = mapped_column(ForeignKey("kiosk.id"), index=True, doc="The tablet it is bound to.")
    oidc_subject: Mapped[str | None] = mapped_column(doc="`sub` at the agency's sign-on, for its back-channel logout.")
    oidc_session: Mapped[str | None] = mapped_column(doc="`sid` there.")
    device: Mapped[bytes | None] = mapped_column(doc="SHA-256 of the browser's cookie, while an activation lasts.")
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
    previous_hash: Mapped[bytes | None] = mapped_column(unique=True, doc="The secret before a rotation.")
    previous_until: Mapped[datetime | None] = mapped_column(doc="Until when that one still opens.")


class ApiTokenUse(Base):
    """When a token was last used. Apart from the token, so that nobody who revokes it waits for a request that uses it."""

    __tablename__ = "api_token_use"

    token_id: Mapped[UUID] = mapped_column(ForeignKey("api_token.id"), primary_key=True)
    last_used_at: Mapped[datetime | None]


class AccessEvent(Base):
    """Who did or saw what, about whom, from where. Written once: neither role of the service may change or delete a row.

    No foreign keys: what happened stays true of people and tokens that are gone.
    """

    __tablename__ = "access_event"
    __table_args__ = (
        Index("ix_access_event_subject_id", "subject_id", "id"),
        Index("ix_access_event_actor_id", "actor_id", "id"),
        Index("ix_access_event_kind", "kind", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    actor_id: Mapped[UUID | None] = mapped_column(doc="A person or a token; null: somebody unknown, or the operator.")
    role: Mapped[str] = mapped_column(doc="The actor's role; empty for somebody unknown.")
    subject_id: Mapped[UUID | None] = mapped_column(doc="The person it is about.")
    address: Mapped[str]
    data: Mapped[dict[str, Any]]


class AccountHold(Base):
    """An account that may not sign before `until` (null: not at all), unless a second administrator has approved.

    Because it was recovered, because something about its first activation asks for a second look, or because it is contested.
    """

    __tablename__ = "account_hold"
    __table_args__ = (CheckConstraint("cause IN ('recovery', 'risk', 'contested')", name="cause"),)

    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    activation_id: Mapped[UUID]
    issued_by: Mapped[UUID]
    cause: Mapped[str] = mapped_column(server_default="recovery")
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """A request that creates and its answer, kept a day so that the same request again is not done twice."""

    __tablename__ = "idempotency_key"

    caller: Mapped[bytes] = mapped_column(primary_key=True, doc="SHA-256 of the credential it came with.")
    key: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[bytes] = mapped_column(doc="SHA-256 of method, target and body.")
    status: Mapped[int | None] = mapped_column(doc="Of the answer; null while it is not known.")
    sealed: Mapped[bytes | None] = mapped_column(doc="Headers and body, encrypted under the credential itself.")
    expires_at: Mapped[datetime] = mapped_column(index=True)
