"""Administrators' accounts with their invitations, passkeys and sessions; acts that wait for a second administrator."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.core.confinement import ACCOUNT, PERSON, policies

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False, unique=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("agencies", JSONB()),
        sa.Column("employee_id", sa.Uuid(), sa.ForeignKey("employee.id"), unique=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("disabled_at", TIME),
        sa.CheckConstraint("state IN ('invited', 'active', 'disabled')", name="state"),
        sa.CheckConstraint("role <> 'asn'", name="role"),
    )
    op.create_table(
        "account_invitation",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("account_id", sa.Uuid(), sa.ForeignKey("account.id"), nullable=False, index=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("challenge", sa.LargeBinary()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("revoked_at", TIME),
    )
    op.create_table(
        "account_passkey",
        sa.Column("credential_id", sa.LargeBinary(), primary_key=True),
        sa.Column("id", sa.Uuid(), nullable=False, unique=True),
        sa.Column("account_id", sa.Uuid(), sa.ForeignKey("account.id"), nullable=False, index=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("last_used_at", TIME),
    )
    op.create_table(
        "account_session",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("account_id", sa.Uuid(), sa.ForeignKey("account.id"), nullable=False, index=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("challenge", sa.LargeBinary()),
        sa.Column("challenge_until", TIME),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME),
        sa.Column("oidc_subject", sa.String()),
        sa.Column("oidc_session", sa.String()),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_name", sa.String(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_name", sa.String()),
        sa.Column("decided_at", TIME),
        sa.Column("reason", sa.String()),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'refused')", name="state"),
    )
    for table, visible in (
        ("account", f"id = {ACCOUNT} OR employee_id = {PERSON}"),
        ("account_invitation", None),
        ("account_passkey", f"account_id = {ACCOUNT}"),
        ("account_session", f"account_id = {ACCOUNT}"),
        ("approval", None),
    ):
        for statement in policies(table, visible):
            op.execute(statement)


def downgrade() -> None:
    for table in ("approval", "account_session", "account_passkey", "account_invitation", "account"):
        op.drop_table(table)
