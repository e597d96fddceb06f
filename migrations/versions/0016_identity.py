"""Activation slips, the record of who saw or did what, token rotation, agency sign-on, recovery holds, idempotency keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.core.confinement import PERSON, policies
from app.core.db import SCOPED_ROLE, SERVICE_ROLE

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
ROLES = f"{SERVICE_ROLE}, {SCOPED_ROLE}"
EMPLOYEE = "EXISTS (SELECT FROM employee e WHERE e.id = account_hold.employee_id)"


def upgrade() -> None:
    op.create_table(
        "access_event",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid()),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
    )
    op.create_index("ix_access_event_subject_id", "access_event", ["subject_id", "id"])
    op.create_index("ix_access_event_actor_id", "access_event", ["actor_id", "id"])
    op.create_index("ix_access_event_kind", "access_event", ["kind", "id"])
    op.add_column("activation", sa.Column("kind", sa.String(), server_default="link", nullable=False))
    op.create_check_constraint(op.f("ck_activation_kind"), "activation", "kind IN ('link', 'slip')")
    op.create_table(
        "account_hold",
        sa.Column("employee_id", sa.Uuid(), sa.ForeignKey("employee.id"), primary_key=True),
        sa.Column("activation_id", sa.Uuid(), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("approved_by", sa.Uuid()),
        sa.Column("approved_at", TIME),
    )
    op.add_column("api_token", sa.Column("previous_hash", sa.LargeBinary()))
    op.add_column("api_token", sa.Column("previous_until", TIME))
    op.create_unique_constraint(op.f("uq_api_token_previous_hash"), "api_token", ["previous_hash"])
    op.create_table(
        "api_token_use",
        sa.Column("token_id", sa.Uuid(), sa.ForeignKey("api_token.id"), primary_key=True),
        sa.Column("last_used_at", TIME),
    )
    op.execute("INSERT INTO api_token_use (token_id) SELECT id FROM api_token")
    op.add_column("login_session", sa.Column("method", sa.String(), server_default="", nullable=False))
    op.add_column("login_session", sa.Column("oidc_subject", sa.String()))
    op.add_column("login_session", sa.Column("oidc_session", sa.String()))
    for column in ("oidc_subject", "oidc_session"):
        op.create_index(
            f"ix_login_session_{column}", "login_session", [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )
    op.create_table(
        "idempotency_key",
        sa.Column("caller", sa.LargeBinary(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_index(op.f("ix_idempotency_key_expires_at"), "idempotency_key", ["expires_at"])
    for table, visible in (
        ("access_event", f"subject_id = {PERSON}"),
        ("account_hold", EMPLOYEE),
        ("api_token_use", None),
        ("idempotency_key", None),
    ):
        for statement in policies(table, visible):
            op.execute(statement)
    # Whoever acts is written down, about whomever it is; what is written they see only about themselves.
    op.execute(f"CREATE POLICY noting ON access_event FOR INSERT TO {SCOPED_ROLE} WITH CHECK (true)")
    op.execute(f"REVOKE UPDATE, DELETE ON access_event FROM {ROLES}")


def downgrade() -> None:
    op.drop_table("idempotency_key")
    for column in ("oidc_session", "oidc_subject", "method"):
        op.drop_column("login_session", column)
    op.drop_table("api_token_use")
    op.drop_constraint(op.f("uq_api_token_previous_hash"), "api_token")
    op.drop_column("api_token", "previous_until")
    op.drop_column("api_token", "previous_hash")
    op.drop_table("account_hold")
    op.drop_constraint(op.f("ck_activation_kind"), "activation")
    op.drop_column("activation", "kind")
    op.drop_table("access_event")
